import F2SModel
import NIOCore
import Testing

/// Tests replicas that send malformed responses or more than one response. No client may receive a response that
/// belongs to another client.
@Suite struct AnswerPoisonTests {
    private static let surplus = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsurplus!"

    /// The responses of a replica by the number in the request path. `isAnswer` is true if the response starts with a
    /// valid one.
    static let answers: [(name: String, text: String, isAnswer: Bool)] = [
        (
            "length with chunks", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            false
        ),
        (
            "chunks with length", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
            false
        ),
        ("two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 60\r\n\r\n", false),
        ("two equal lengths", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nmine", false),
        ("a list of lengths", "HTTP/1.1 200 OK\r\nContent-Length: 4, 4\r\n\r\nmine", false),
        ("a signed length", "HTTP/1.1 200 OK\r\nContent-Length: +4\r\n\r\nmine", false),
        ("an empty length", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", false),
        ("another coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", false),
        (
            "a coding twice",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false
        ),
        ("a space before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 4\r\n\r\nmine", false),
        ("a folded line", "HTTP/1.1 200 OK\r\nX: y\r\n Content-Length: 4\r\n\r\nmine", false),
        ("a bare line feed", "HTTP/1.1 200 OK\r\nX: y\nContent-Length: 4\r\n\r\nmine", false),
        ("a bare return", "HTTP/1.1 200 OK\r\nX: y\rContent-Length: 4\r\n\r\nmine", false),
        ("a signed chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+4\r\nmine\r\n0\r\n\r\n", false),
        (
            "a chunk that is too long", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nmine!!\r\n0\r\n\r\n",
            false
        ),
        (
            "a huge chunk",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000004\r\nmine\r\n0\r\n\r\n", false
        ),
        (
            "a chunk line without return", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\nmine\r\n0\r\n\r\n",
            false
        ),
        ("HTTP/1.0 with chunks", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false),
        ("a switch of protocols without a request", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", false),
        ("more than its length", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmine!", true),
        ("a second response", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmine", true),
        (
            "a second response after chunks",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nmine\r\n0\r\n\r\n", true
        ),
        ("content of 204", "HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nmine", true),
        ("chunks of 204", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nmine\r\n0\r\n\r\n", true),
        ("content of 304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nmine", true),
        (
            "interim responses",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n"
                + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmine",
            true
        ),
        (
            "an interim response with a length",
            "HTTP/1.1 103 Early Hints\r\nContent-Length: 70\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmine",
            true
        ),
    ]

    @Test(arguments: ["GET", "HEAD"], [0, 1, 20]) func `a malformed response reaches only the client that caused it`(
        method: String, delay: Int64
    ) async throws {
        let server = try await StubServer.start { request in
            let target = request.line.split(separator: " ")[1].dropFirst()
            guard let number = Int(target) else {
                return request.connection.send(
                    "HTTP/1.1 200 OK\r\nContent-Length: \(target.utf8.count)\r\n\r\n"
                        + (request.line.hasPrefix("HEAD") ? "" : String(target)))
            }
            // The surplus bytes arrive with the response, or later, when the connection is idle or used for the next
            // request.
            let text = AnswerPoisonTests.answers[number].text
            guard delay > 0 else { return request.connection.send(text + AnswerPoisonTests.surplus) }
            request.connection.send(text)
            request.connection.schedule(in: .milliseconds(delay)) {
                request.connection.send(AnswerPoisonTests.surplus)
            }
        }
        try await withTestbed { bed in
            try await bed.serve(server)
            for (number, (name, _, isAnswer)) in Self.answers.enumerated() {
                let (victim, other) = (try await bed.client(), try await bed.client())
                victim.send("\(method) /invoke/hello/\(number) HTTP/1.1\r\nHost: a\r\n\r\n")
                try await eventually("a response to \(name)") { victim.inbox.total > 0 }
                if delay > 1 {
                    // Waits for the surplus bytes. After them the connection must not be reused.
                    try await eventually("the replica's connection is closed") {
                        server.requests.last.map { $0.connection.inbox.isClosed } ?? false
                    }
                }
                if delay != 1 {
                    for ask in 0..<3 {
                        let answer = try await other.ask(get("/hello/own-\(number)-\(ask)"))
                        #expect(answer.status == 200 && answer.body == "own-\(number)-\(ask)", "\(name)")
                    }
                }
                let whole = victim.inbox.text
                if !isAnswer, method == "GET" {
                    #expect(
                        whole.hasPrefix("HTTP/1.1 502") || whole.hasPrefix("HTTP/1.1 200") && victim.isClosed, "\(name)"
                    )
                }
                if delay != 1 { #expect(!whole.contains("surplus"), "\(name): \(whole)") }
                victim.close()
                other.close()
                try await eventually("no invocation is left after \(name)") { bed.isIdle() }
            }
            if delay == 0, method == "GET" {
                report(
                    5,
                    "\(Self.answers.count) poisoned responses, each with a second one: no client got another's bytes")
            }
        }
        await server.stop()
    }

    @Test func `many interim responses reach the client before the final response`() async throws {
        let server = try await StubServer.start { request in
            for _ in 0..<300 {
                request.connection.send("HTTP/1.1 103 Early Hints\r\nX: \(String(repeating: "y", count: 8000))\r\n\r\n")
            }
            request.connection.send(ok("at last"))
        }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            client.send(get())
            try await eventually("all responses arrive") { client.inbox.text.hasSuffix("at last") || client.isClosed }
            #expect(client.inbox.text.ranges(of: "103 Early").count == 300)
            // No bytes are left over for the next client.
            let other = try await bed.client()
            other.send(get())
            try await eventually("all responses arrive") { other.inbox.text.hasSuffix("at last") || other.isClosed }
            try await eventually("no invocation is left") { bed.isIdle() }
        }
        await server.stop()
    }
}
