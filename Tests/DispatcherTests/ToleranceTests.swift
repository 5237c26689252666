import F2SModel
import NIOCore
import Testing

@testable import F2SDispatcher

/// Tests that the dispatcher accepts and normalises unusual but unambiguous requests, and names the error of invalid
/// ones.
@Suite struct ToleranceTests {
    private func ask(_ line: String, _ fields: String = "Host: f2s.test\r\n") -> String {
        "\(line) HTTP/1.1\r\n\(fields)\r\n"
    }

    @Test(arguments: testedLoops) func `every response has exactly one Date`(loops: Int) async throws {
        let own = "Mon, 01 Jan 2001 00:00:00 GMT"
        let server = try await StubServer.start {
            $0.connection.send(ok(fields: $0.line.contains("own") ? "Date: \(own)\r\n" : ""))
        }
        var limits = Limits()
        limits.connectionsMax = 2
        try await withTestbed(loops: loops, limits: limits) { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            #expect(try await client.ask(get("/hello/own")).fields("Date") == [own])
            let second = try await bed.client()
            for request in [get(), get("/nothing"), ask("OPTIONS *"), ask("GET /")] {
                #expect(try await second.ask(request).fields("Date").count == 1, "\(request)")
            }
            let refused = try await bed.client()
            #expect(try await refused.answer().fields("Date").count == 1)
            let old = try await second.ask("GET /invoke/hello HTTP/1.0\r\n\r\n")
            #expect(old.fields("Date").count == 1)
        }
        await server.stop()
    }

    @Test func `an absolute URL is accepted if it names the same host`() async throws {
        let server = try await StubServer.start { $0.connection.send(ok($0.line)) }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            for (target, host) in [
                ("http://a.b/invoke/hello", "a.b"), ("HTTP://A.b:80/invoke/hello", "a.b"),
                ("http://a.b/invoke/hello", "a.b:80"), ("https://a.b/invoke/hello", "a.b:443"),
                ("https://a.b:443/invoke/hello", "a.b"), ("http://a.b:8/invoke/hello", "A.B:8"),
            ] {
                let answer = try await client.ask(ask("GET \(target)", "Host: \(host)\r\n"))
                #expect(answer.body == "GET / HTTP/1.1", "\(target), \(host)")
                #expect(server.requests.last?.field("Host") == host)
            }
            for (target, fields, reason) in [
                ("http://a/invoke/hello", "Host: b\r\n", "The target names another host than the Host field"),
                ("http://a/invoke/hello", "Host: a:443\r\n", "The target names another host than the Host field"),
                ("http://a@b/invoke/hello", "Host: b\r\n", "The target names another host than the Host field"),
                ("http:///invoke/hello", "Host:\r\n", "The target names no host"),
                ("ftp://a/x", "Host: a\r\n", "The target is neither a path nor an absolute http URL"),
            ] {
                let answer = try await bed.client().ask(ask("GET \(target)", fields))
                #expect(answer.status == 400 && answer.body.contains(reason), "\(answer.body)")
            }
        }
        await server.stop()
    }

    @Test(arguments: [
        ("GET http://a", "GET / HTTP/1.1"), ("GET http://a?x=1", "GET /?x=1 HTTP/1.1"),
        ("OPTIONS http://a/", "OPTIONS / HTTP/1.1"), ("GET http://a/x", "GET /x HTTP/1.1"),
    ])
    func `an absolute URL without a path has the path of the root`(line: String, wanted: String) async throws {
        let path = temporarySocketPath()
        let server = try await StubServer.start(path: path) { $0.connection.send(ok($0.line)) }
        try await withTestbed(apiPath: path) { bed in
            let client = try await bed.client()
            #expect(try await client.ask(ask(line, "Host: a\r\n")).body == wanted)
        }
        await server.stop()
    }

    @Test(arguments: ["OPTIONS *", "OPTIONS http://a"]) func `OPTIONS for the whole server gets a response`(
        line: String
    ) async throws {
        try await withTestbed { bed in
            let client = try await bed.client()
            for _ in 0..<2 {
                let answer = try await client.ask(ask(line, "Host: a\r\n"))
                #expect(answer.status == 204)
                #expect(answer.field("Allow")?.contains("PATCH") == true)
            }
        }
    }

    @Test(
        arguments: [
            ("/invoke/h%65llo", "/"), ("/inv%6fke/hell%6F/%61?x=%61", "/%61?x=%61"), ("/invoke/a%40b/c%2Fd", "/c%2Fd"),
            ("/invoke/%68ello%2Fx", nil), ("/invoke/hello%", nil), ("/invoke/%hello", nil), ("/invoke/%00", nil),
        ] as [(String, String?)])
    func `an encoded path finds the same function`(target: String, found: String?) async throws {
        let server = try await StubServer.start { $0.connection.send(ok($0.line)) }
        try await withTestbed { bed in
            let (hello, other) = (makeFunction(), makeFunction("other", route: "/a@b", age: 2))
            bed.declare(hello, other)
            bed.run(
                makeReplica("r0", of: hello, port: server.port), makeReplica("r1", of: other, port: server.port))
            try await eventually("both replicas accept") { bed.accepting == 2 }
            let answer = try await bed.client().ask(ask("GET \(target)"))
            #expect(answer.status == (found == nil ? (target.contains("%2F") ? 400 : 404) : 200))
            if let found { #expect(answer.body == "GET \(found) HTTP/1.1") }
        }
        await server.stop()
    }

    @Test func `non-ASCII letters in a target are forwarded percent-encoded, also to a remote owner`() async throws {
        let server = try await StubServer.start { $0.connection.send(ok($0.line)) }
        try await withPair { first, owner in
            first.declare(makeFunction())
            first.setOwnership(elsewhere: owner.internalAddress)
            try await owner.serve(server)
            for bed in [owner, first] {
                let answer = try await bed.client().ask(ask("GET /invoke/h%65llo/ä?name=Jürgen&x=\u{1F600}"))
                #expect(answer.body == "GET /%C3%A4?name=J%C3%BCrgen&x=%F0%9F%98%80 HTTP/1.1")
            }
        }
        await server.stop()
    }

    @Test(
        arguments: [
            ([22, 3, 1, 2, 0, 1, 0], "TLS"), ([0, 1, 2], "not a token"), (Array("GET\t".utf8), "not a token"),
            (Array("\rX".utf8), "not a token"),
        ] as [([UInt8], String)])
    func `bytes that cannot begin a request are rejected at once`(bytes: [UInt8], reason: String) async throws {
        var limits = Limits()
        limits.headTimeout = .seconds(600)
        try await withTestbed(limits: limits) { bed in
            let client = try await bed.client()
            client.send(ByteBuffer(bytes: bytes))
            let answer = try await client.answer()
            #expect(answer.status == 400 && answer.body.contains(reason), "\(answer.body)")
            try await client.closed()
        }
    }

    @Test func `a method that arrives in pieces is accepted`() async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            try await client.dribble("\r\n" + get())
            #expect(try await client.answer().status == 200)
        }
        await server.stop()
    }

    @Test func `the head timeout applies to a new connection that sends nothing`() async throws {
        let server = try await StubServer.answering(ok())
        var limits = Limits()
        limits.idleTimeout = .seconds(600)
        try await withTestbed(limits: limits) { bed in
            try await bed.serve(server)
            let used = try await bed.client()
            #expect(try await used.ask(get()).status == 200)
            // The short timeout is set after the response, because on a busy machine the request itself may be late.
            limits.headTimeout = .milliseconds(300)
            bed.tune(limits: limits)
            let silent = try await bed.client()
            try await silent.closed()
            #expect(silent.inbox.total == 0)
            #expect(!used.isClosed)
        }
        await server.stop()
    }

    @Test func `only the value trailers of TE reaches the replica`() async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            for (sent, kept) in [("trailers", true), ("gzip;q=0.5, Trailers", true), ("gzip", false), ("", false)] {
                _ = try await client.ask(get("/hello", "Connection: TE\r\nTE: \(sent)\r\n"))
                #expect(server.requests.last?.fields("TE") == (kept ? ["trailers"] : []), "\(sent)")
                #expect(server.requests.last?.fields("Connection") == (kept ? ["TE"] : []), "\(sent)")
            }
        }
        await server.stop()
    }

    @Test func `a length with leading zeros is normalised in both directions`() async throws {
        let server = try await StubServer.start {
            $0.connection.send("HTTP/1.1 200 OK\r\nContent-Length: 007\r\n\r\nanswers")
        }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            let answer = try await client.ask(
                "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nContent-Length: 010\r\n\r\n0123456789")
            #expect(answer.fields("Content-Length") == ["7"])
            #expect(answer.body == "answers")
            #expect(server.requests[0].fields("Content-Length") == ["10"])
            #expect(server.requests[0].body == "0123456789")
            #expect(try await client.ask(get()).body == "answers")
        }
        await server.stop()
    }

    @Test(arguments: testedLoops) func `chunk extensions are removed in both directions, whole and byte by byte`(
        loops: Int
    ) async throws {
        let body = "2 ;a\r\nab\r\n3;b = \"x;\\\"y\" ; c\r\ncde\r\n0\t; d\r\nT: 1\r\n\r\n"
        let plain = "2\r\nab\r\n3\r\ncde\r\n0\r\nT: 1\r\n\r\n"
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
        let server = try await StubServer.start { $0.connection.send(head + "\r\n" + body) }
        try await withTestbed(loops: loops) { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            let request = "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            client.send(request + body)
            try await eventually("the response") { client.inbox.text.hasSuffix("\r\n\r\n" + plain) }
            #expect(try await client.answer().body == "abcde")
            try await client.dribble(request + body)
            #expect(try await client.answer().body == "abcde")
            #expect(server.requests.map(\.body) == [plain, plain])
        }
        await server.stop()
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\nContent-Length: 0\n\n", "end in LF without CR"),
        ("HTTP/1.1 200 OK\r\nX: y\nContent-Length: 0\r\n\r\n", "end in LF without CR"),
        ("HTTP/1.1 200 OK\r\nX: y\u{1}\r\n\r\n", "holds a control character"),
        ("HTTP/1.1 200 OK\r\n\(String(repeating: "X: y\r\n", count: 101))\r\n", "over 100 header fields"),
    ])
    func `the error names the defect of a malformed response`(text: String, reason: String) async throws {
        let server = try await StubServer.answering(text)
        try await withTestbed { bed in
            try await bed.serve(server)
            let answer = try await bed.client().ask(get())
            #expect(answer.status == 502 && answer.body.contains(reason), "\(answer.body)")
        }
        await server.stop()
    }

    @Test(arguments: ["/../y", "/%2e%2E/y", "/a/.", "/..", "/a%2f..%2fy", "/..%5cy", "/..;x/y", "/a\\..\\y"])
    func `a path cannot leave the function's endpoint`(rest: String) async throws {
        let server = try await StubServer.start { $0.connection.send(ok($0.line)) }
        try await withTestbed { bed in
            let (below, whole) = (makeFunction(path: "/base"), makeFunction("whole", age: 2))
            bed.declare(below, whole)
            bed.run(
                makeReplica("r0", of: below, port: server.port), makeReplica("r1", of: whole, port: server.port))
            try await eventually("both replicas accept") { bed.accepting == 2 }
            #expect(try await bed.client().ask(ask("GET /invoke/hello\(rest)")).status == 400)
            // If the endpoint is the whole replica, no path can leave it.
            #expect(try await bed.client().ask(ask("GET /invoke/whole\(rest)")).body == "GET \(rest) HTTP/1.1")
            let dots = try await bed.client().ask(ask("GET /invoke/hello/..a/.b/c...?x=/../y"))
            #expect(dots.body == "GET /base/..a/.b/c...?x=/../y HTTP/1.1")
        }
        await server.stop()
    }

    @Test(arguments: testedLoops) func `a preflight request reaches the function with the requested method`(
        loops: Int
    ) async throws {
        let server = try await StubServer.start { $0.connection.send(ok($0.line)) }
        try await withTestbed(loops: loops) { bed in
            try await bed.serve(server, function: makeFunction(method: .post))
            let client = try await bed.client()
            func preflight(_ method: String) -> String {
                ask(
                    "OPTIONS /invoke/hello",
                    "Host: a\r\nOrigin: http://b\r\nAccess-Control-Request-Method: \(method)\r\n")
            }
            #expect(try await client.ask(preflight("POST")).body == "OPTIONS / HTTP/1.1")
            #expect(try await client.ask(preflight("PUT")).status == 405)
            #expect(try await client.ask(ask("OPTIONS /invoke/hello")).status == 405)
            #expect(try await client.ask(get("/hello", "Access-Control-Request-Method: POST\r\n")).status == 405)
        }
        await server.stop()
    }
}
