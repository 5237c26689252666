import F2SModel
import Testing

/// Tests requests that name the intended function in the field `F2S-Function`.
@Suite struct NamedInvocationTests {
    @Test(arguments: testedLoops)
    func `a request that names a function other than that of its route reaches no replica`(loops: Int) async throws {
        let server = try await StubServer.answering(ok("of hello"))
        try await withTestbed(loops: loops) { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            let refused = try await client.ask(get("/hello/x", "F2S-Function: other\r\n"))
            #expect(refused.status == 409)
            #expect(refused.body.contains("\"reason\":\"OtherFunction\""))
            #expect(refused.body.contains("names function other"))
            #expect(refused.body.contains("lead to function hello"))
            #expect(server.requests.isEmpty)
            // The connection stays open.
            #expect(try await client.ask(get("/hello", "F2S-Function: hello\r\n")).body == "of hello")
            #expect(try await client.ask(get("/hello")).body == "of hello")
            #expect(server.requests.allSatisfy { $0.field("F2S-Function") == nil })
        }
        await server.stop()
    }

    @Test func `an incomplete, empty or repeated name is rejected`() async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed { bed in
            try await bed.serve(server)
            for (fields, status) in [
                ("F2S-Function: hell\r\n", 409), ("f2s-function: hello2\r\n", 409), ("F2S-Function:\r\n", 409),
                ("F2S-Function: hello\r\nF2S-Function: hello\r\n", 400), ("f2s-FUNCTION:  hello \r\n", 200),
            ] {
                let client = try await bed.client()
                #expect(try await client.ask(get("/hello", fields)).status == status, "\(fields)")
            }
        }
        await server.stop()
    }

    @Test func `a wrong name takes precedence over a method that is not allowed`() async throws {
        try await withTestbed { bed in
            bed.declare(makeFunction("reader", route: "/same", method: .get))
            let client = try await bed.client()
            #expect(try await client.ask(post("/same", body: "", "F2S-Function: writer\r\n")).status == 409)
            #expect(try await client.ask(post("/same", body: "", "F2S-Function: reader\r\n")).status == 405)
        }
    }

    @Test func `the process that receives a request from a client checks the named function`() async throws {
        let server = try await StubServer.answering(ok("home"))
        try await withPair { first, second in
            try await second.serve(server)
            first.declare(makeFunction())
            first.setOwnership(elsewhere: second.internalAddress)
            let client = try await first.client()
            #expect(try await client.ask(get("/hello", "F2S-Function: other\r\n")).status == 409)
            #expect(try await client.ask(get("/hello", "F2S-Function: hello\r\n")).body == "home")
        }
        await server.stop()
    }
}
