import AsyncHTTPClient
import F2SWrap
import Glibc
import NIOCore
import NIOHTTP1
import Testing

/// The server over real sockets, with real commands.
struct WrapServerTests {
    @Test func `the body is the command's input and its output is the response`() async throws {
        try await WrapFixture.serve("cat") { wrap in
            let answer = try await wrap.send(wrap.request("POST", body: .bytes(ByteBuffer(string: "hello"))))
            #expect(answer == (200, "text/plain; charset=utf-8", "hello"))
        }
    }

    @Test func `a body of many megabytes arrives completely`() async throws {
        try await WrapFixture.serve("sh", "-c", "cat | wc -c") { wrap in
            let chunk = ByteBuffer(repeating: 7, count: 1 << 20)
            let chunks = AsyncStream { continuation in
                for _ in 0..<16 { continuation.yield(chunk) }
                continuation.finish()
            }
            let answer = try await wrap.send(wrap.request("PUT", body: .stream(chunks, length: .unknown)))
            #expect(answer.body.filter { !$0.isWhitespace } == "\(16 << 20)")
        }
    }

    @Test func `the CGI variables describe the request to the command`() async throws {
        let script =
            #"echo "$REQUEST_METHOD|$PATH_INFO|$QUERY_STRING|$CONTENT_TYPE|$CONTENT_LENGTH|"#
            + #"$HTTP_X_A|${HTTP_PROXY-none}""#
        try await WrapFixture.serve("env", "-u", "HTTP_PROXY", "sh", "-c", script) { wrap in
            var request = wrap.request("POST", "/a%20b/c?x=1&y=%20", body: .bytes(ByteBuffer(string: "{}")))
            request.headers.add(name: "content-type", value: "application/json")
            request.headers.add(name: "x-a", value: "1")
            request.headers.add(name: "proxy", value: "http://evil")
            let answer = try await wrap.send(request)
            #expect(answer.body == "POST|/a b/c|x=1&y=%20|application/json|2|1|none\n")
        }
    }

    @Test func `an exit status other than 0 leads to a 500 with the last lines of standard error`() async throws {
        try await WrapFixture.serve("sh", "-c", "echo partial; echo first >&2; echo last >&2; exit 3") { wrap in
            let answer = try await wrap.send(wrap.request())
            #expect(answer.status == 500)
            #expect(answer.type == "application/problem+json")
            #expect(answer.body.contains(#""exitStatus":3"#))
            #expect(answer.body.contains(#""logTail":["first","last"]"#))
            #expect(!answer.body.contains("partial"))
            #expect(wrap.log.text == "first\nlast\n")
        }
    }

    @Test func `a command ended by a signal leads to a 500 with the exit status 128 plus signal`() async throws {
        try await WrapFixture.serve("sh", "-c", "kill -TERM $$") { wrap in
            let answer = try await wrap.send(wrap.request())
            #expect(answer.status == 500)
            #expect(answer.body.contains(#""exitStatus":143"#))
        }
    }

    @Test(arguments: [["head", "-c", "3"], ["echo", "-n", "xxx"], ["sh", "-c", "exec <&-; printf xxx"]])
    func `the output of a command that does not read its input is still the response`(command: [String]) async throws {
        try await WrapFixture.serve(WrapOptions(command: command)) { wrap in
            for _ in 0..<3 {
                // More than a pipe holds, but little enough to be read within the time that the server lingers.
                let body = ByteBuffer(repeating: UInt8(ascii: "x"), count: 1 << 20)
                let answer = try await wrap.send(wrap.request("POST", body: .bytes(body)))
                #expect(answer.status == 200)
                #expect(answer.body == "xxx")
            }
        }
    }

    @Test func `output beyond the buffer is streamed`() async throws {
        try await WrapFixture.serve("head", "-c", "20000000", "/dev/zero") { wrap in
            let response = try await wrap.client.execute(wrap.request(), timeout: .seconds(30))
            #expect(response.headers.first(name: "content-length") == nil)
            var count = 0
            for try await part in response.body { count += part.readableBytes }
            #expect(count == 20_000_000)
        }
    }

    @Test func `a failure after the status was sent breaks the response off`() async throws {
        try await WrapFixture.serve("sh", "-c", "head -c 3000000 /dev/zero; exit 1") { wrap in
            let response = try await wrap.client.execute(wrap.request(), timeout: .seconds(30))
            #expect(response.status == .ok)
            await #expect(throws: (any Error).self) { try await response.body.collect(upTo: 64 << 20) }
        }
    }

    @Test func `without a buffer, the first byte is sent while the command still runs`() async throws {
        try await WrapFixture.serve(
            WrapOptions(command: ["sh", "-c", "echo $$ >&2; echo first; exec sleep 300"], heldBytesMax: 0)
        ) { wrap in
            let process: Int32
            do {
                let response = try await wrap.client.execute(wrap.request(), timeout: .seconds(30))
                process = try await wrap.log.processID()
                for try await part in response.body {
                    #expect(String(buffer: part) == "first\n")
                    break
                }
                #expect(kill(process, 0) == 0)
            }
            // The response was dropped, which closes the connection.
            try await eventually("the end of the command") { kill(process, 0) != 0 }
        }
    }

    @Test func `the response to HEAD is only the head, with the content length of GET`() async throws {
        try await WrapFixture.serve("sh", "-c", "head -c 3000000 /dev/zero") { wrap in
            // Repeated, because stray bytes after a head would spoil the next response.
            for _ in 0..<5 {
                let response = try await wrap.client.execute(wrap.request("HEAD"), timeout: .seconds(30))
                #expect(response.status == .ok)
                #expect(response.headers.first(name: "content-length") == "3000000")
                let body = try await response.body.collect(upTo: 1)
                #expect(body.readableBytes == 0)
            }
        }
    }

    @Test func `a path that cannot be the value of a variable leads to a 400`() async throws {
        try await WrapFixture.serve("cat") { wrap in
            for body in [nil, .bytes(ByteBuffer(repeating: 1, count: 1 << 20))] as [HTTPClientRequest.Body?] {
                let answer = try await wrap.send(wrap.request("POST", "/a%00b", body: body))
                #expect(answer.status == 400)
            }
        }
    }

    @Test func `a missing program is an error at the start`() async throws {
        await #expect(throws: WrapError.programNotFound("no-such-program")) {
            try await WrapFixture.serve("no-such-program") { _ in }
        }
        await #expect(throws: WrapError.programNotFound("./no/such")) {
            try await WrapFixture.serve("./no/such") { _ in }
        }
        await #expect(throws: WrapError.noCommand) { try await WrapFixture.serve { _ in } }
    }

    @Test func `a port that is in use is reported`() async throws {
        try await WrapFixture.serve("cat") { wrap in
            await #expect(
                throws: WrapError.cannotListen(address: "127.0.0.1:\(wrap.port)", reason: "Address already in use")
            ) { try await WrapFixture.serve(WrapOptions(command: ["cat"], port: wrap.port)) { _ in } }
        }
    }

    @Test func `a connection ends after a request for another protocol, and the next request does not hang`()
        async throws
    {
        try await WrapFixture.serve("cat") { wrap in
            let ask = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
            let (answer, isEnded) = try await wrap.exchange(ask + "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 200"))
            #expect(answer.lowercased().contains("connection: close"))
            #expect(isEnded)
            let post = ask.replacing("GET", with: "POST").replacing("Host: a", with: "Host: a\r\nContent-Length: 2")
            let (refused, isOver) = try await wrap.exchange(post + "hi")
            #expect(refused.hasPrefix("HTTP/1.1 400"))
            #expect(refused.contains("Upgrade"))
            #expect(isOver)
        }
    }
}
