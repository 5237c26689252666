import F2SModel
import NIOCore
import Testing

/// Tests the boundaries of reads, buffers and pipelines. The result must not depend on how the bytes are split.
@Suite struct BoundaryTests {
    /// Returns a text in which every part identifies its position.
    private func pattern(_ count: Int) -> String {
        var text = ""
        text.reserveCapacity(count + 8)
        var number = 10_000_000
        while text.utf8.count < count {
            text += "\(number)"
            number += 1
        }
        return String(text.prefix(count))
    }

    @Test(arguments: [4095, 4096, 4097, 16_383, 16_385, 65_535, 65_536, 65_537, 131_072, 200_001])
    func `content of any size is returned unchanged with both framings`(count: Int) async throws {
        let server = try await StubServer.start { request in
            // The stub returns chunked content as chunked, so that the chunks of the response are parsed too.
            let isChunked = request.field("transfer-encoding") != nil
            request.connection.send(
                isChunked
                    ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + request.body : ok(request.body))
        }
        try await withTestbed { bed in
            try await bed.serve(server)
            let content = pattern(count)
            let client = try await bed.client()
            #expect(try await client.ask(post(body: content)).body == content)
            let head = "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            for size in [count, 1000, 65_536, 8191] {
                var chunks = ""
                var rest = content[...]
                while !rest.isEmpty {
                    let chunk = rest.prefix(size)
                    chunks += "\(String(chunk.utf8.count, radix: 16))\r\n\(chunk)\r\n"
                    rest = rest.dropFirst(size)
                }
                let answer = try await client.ask(head + chunks + "0\r\n\r\n")
                #expect(answer.body == content, "chunks of \(size)")
            }
            try await eventually("no invocation is left") { bed.isIdle() }
        }
        await server.stop()
    }

    /// The first request fills a read exactly or almost, so that the head of the second request is split.
    @Test(arguments: Array(-40...4)) func `a head split between two reads is parsed`(offset: Int) async throws {
        let server = try await StubServer.start { $0.connection.send(ok("\($0.line) \($0.body.utf8.count)")) }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            let head = post(body: pattern(65_000)).utf8.count - 65_000
            let size = 65_536 - head + offset
            client.send(post(body: pattern(size)) + get("/hello/second", "X: y\r\n") + get("/hello/third"))
            #expect(try await client.answer().body == "POST / HTTP/1.1 \(size)")
            #expect(try await client.answer().body == "GET /second HTTP/1.1 0")
            #expect(try await client.answer().body == "GET /third HTTP/1.1 0")
        }
        await server.stop()
    }

    @Test(arguments: testedLoops) func `1,000 pipelined requests in one write get their responses in order`(loops: Int)
        async throws
    {
        let server = try await StubServer.start { $0.connection.send(ok($0.line)) }
        try await withTestbed(loops: loops) { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            var text = ""
            for number in 0..<1000 {
                text +=
                    number % 7 == 3 ? post("/hello/\(number)", body: pattern(number % 100)) : get("/hello/\(number)")
                if number % 50 == 20 { text += "GET /invoke/nothing HTTP/1.1\r\nHost: a\r\n\r\n" }
            }
            client.send(text)
            for number in 0..<1000 {
                let answer = try await client.answer()
                #expect(answer.body == "\(number % 7 == 3 ? "POST" : "GET") /\(number) HTTP/1.1")
                if number % 50 == 20 { #expect(try await client.answer().status == 404) }
            }
            #expect(client.inbox.bytes.isEmpty)
            try await eventually("no invocation is left") { bed.isIdle() }
        }
        await server.stop()
    }

    @Test func `a head at the limit is accepted, and one byte more is rejected`() async throws {
        let server = try await StubServer.start { $0.connection.send(ok()) }
        try await withTestbed { bed in
            try await bed.serve(server)
            let most = Limits().headBytesMax
            let rest = get("/hello", "X: \r\n").utf8.count
            let client = try await bed.client()
            #expect(try await client.ask(get("/hello", "X: \(pattern(most - rest))\r\n")).status == 200)
            #expect(try await client.ask(get("/hello", "X: \(pattern(most - rest + 1))\r\n")).status == 431)
        }
        await server.stop()
    }
}
