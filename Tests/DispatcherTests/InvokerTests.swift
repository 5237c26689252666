import F2SDispatcher
import F2SModel
import NIOCore
import Synchronization
import Testing

/// Tests invocations by modules of the same process.
@Suite struct InvokerTests {
    private func request(
        _ method: Function.Method = .get, _ path: String = "/hello", fields: [InvocationField] = [],
        content: InvocationRequest.Content = .bytes([]), caller: String = "trigger:test", timeout: Duration? = nil
    ) -> InvocationRequest {
        InvocationRequest(method, path, fields: fields, content: content, caller: caller, timeout: timeout)
    }

    /// Invokes a function and returns status and content.
    private func text(_ bed: Testbed, _ request: InvocationRequest) async throws -> (status: Int, text: String) {
        let (response, content) = try await bed.dispatcher.invoke(request, contentBytesMax: 8 << 20)
        return (response.status, String(decoding: content, as: UTF8.self))
    }

    private func withServer(
        call: StubServer.Call = .onWhole, function: Function = makeFunction(), limits: Limits = .ofTests,
        timeouts: Timeouts = Timeouts(), _ reply: @escaping StubServer.Reply,
        _ body: (Testbed, StubServer) async throws -> Void
    ) async throws {
        let server = try await StubServer.start(call: call, reply)
        try await withTestbed(limits: limits, timeouts: timeouts) { bed in
            try await bed.serve(server, function: function)
            try await body(bed, server)
            try await eventually("no invocation is left") { bed.isIdle() }
        }
        await server.stop()
    }

    @Test(arguments: testedLoops)
    func `a call gets the function's own status, fields and content, and counts as an invocation`(
        loops: Int
    ) async throws {
        try await withServer(function: makeFunction(path: "/to")) { request in
            request.connection.send(
                "HTTP/1.1 418 No\r\nContent-Length: 2\r\nX-Own: a\r\nx-own: b\r\nConnection: close\r\n\r\nhi")
        } _: { bed, server in
            let fields = [InvocationField("X-Kafka-Topic", "orders"), InvocationField("X-Forwarded-For", "6.6.6.6")]
            let (response, content) = try await bed.dispatcher.invoke(
                request(.get, "/hello/a%2Fb?c=d", fields: fields), contentBytesMax: 2)
            #expect(response.status == 418)
            #expect(response.fields.filter { $0.name.lowercased() == "x-own" }.map(\.value) == ["a", "b"])
            #expect(response["connection"] == nil)
            #expect(content == Array("hi".utf8))
            let seen = try server.requests.first.orThrow()
            #expect(seen.line == "GET /to/a%2Fb?c=d HTTP/1.1")
            #expect(seen.fields("X-Kafka-Topic") == ["orders"])
            #expect(seen.fields("X-Forwarded-For") == [], "a call has no client address")
            #expect(seen.fields("X-Request-Id").count == 1)
            #expect(await bed.metric("f2s_requests_incoming_total{function=\"hello\"}") == 1)
            #expect(await bed.metric("f2s_requests_completed_total{function=\"hello\"}") == 1)
            #expect(bed.clientConnections == 0)
        }
    }

    @Test(arguments: [0, 1, 4096, 4097, 300_000, 3_000_000])
    func `content arrives whole in both directions, as a whole and in parts`(size: Int) async throws {
        try await withServer { request in
            let content = request.field("transfer-encoding") == nil ? request.body : "chunks of " + request.body
            request.connection.send(ok(content))
        } _: { bed, _ in
            let bytes = (0..<size).map { UInt8(ascii: "a") + UInt8($0 % 26) }
            let sent = String(decoding: bytes, as: UTF8.self)
            #expect(try await text(bed, request(.post, content: .bytes(bytes))).text == sent)
            let parts = AsyncThrowingStream<[UInt8], any Error> { stream in
                for start in Swift.stride(from: 0, to: size, by: 1000) {
                    stream.yield(Array(bytes[start..<min(start + 1000, size)]))
                }
                stream.finish()
            }
            let (status, answer) = try await text(bed, request(.post, content: .parts(parts)))
            #expect(status == 200)
            #expect(Self.decoded(answer.dropFirst("chunks of ".count)) == sent)
        }
    }

    @Test func `the caller gets plain content, whatever its framing is`() async throws {
        let bodies = [
            "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n",
            "Content-Length: 5\r\n\r\nabcde", "\r\nabcde",
        ]
        for body in bodies {
            try await withServer { request in
                request.connection.send("HTTP/1.1 103 Early\r\nLink: x\r\n\r\n")
                request.connection.sendAndClose("HTTP/1.1 200 OK\r\n" + body)
            } _: { bed, _ in
                let (response, content) = try await bed.dispatcher.invoke(request(), contentBytesMax: 5)
                #expect(String(decoding: content, as: UTF8.self) == "abcde")
                #expect(response["transfer-encoding"] == nil)
            }
        }
    }

    @Test func `a call waits for the first replica, and asks for one`() async throws {
        let server = try await StubServer.answering(ok("hi"))
        try await withTestbed { bed in
            let function = makeFunction()
            bed.declare(function)
            async let answer = text(bed, request())
            try await eventually("a replica is wanted") { bed.load().wantsActivation }
            bed.run([server.port], of: function)
            #expect(try await answer.text == "hi")
        }
        await server.stop()
    }

    @Test func `every failure is an error with its reason`() async throws {
        func error(_ bed: Testbed, _ request: InvocationRequest) async -> InvocationError? {
            do {
                _ = try await text(bed, request)
                return nil
            } catch { return error as? InvocationError }
        }
        var limits = Limits()
        limits.bodyBytesMax = 10
        try await withServer(function: makeFunction(method: .get), limits: limits) { request in
            request.connection.sendAndClose(
                request.line.contains("/half") ? "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf" : "")
        } _: { bed, _ in
            #expect(await error(bed, request(.get, "/other")) == .functionNotFound(path: "/other"))
            #expect(await error(bed, request(.post)) == .methodNotAllowed(allowed: [.get, .head]))
            #expect(await error(bed, request(.get)) == .replicaLost(afterResponseBegan: false))
            #expect(await error(bed, request(.get, "/hello/half")) == .replicaLost(afterResponseBegan: true))
            let large = request(.get, content: .bytes(Array(repeating: 1, count: 11)))
            #expect(await error(bed, large) == .tooLarge(.body(bytesMax: 10)))
            let parts = AsyncThrowingStream<[UInt8], any Error> { stream in
                stream.yield(Array(repeating: 1, count: 11))
                stream.finish()
            }
            let tooMany = request(.get, content: .parts(parts))
            #expect(await error(bed, tooMany) == .tooLarge(.body(bytesMax: 10)))
            let field = InvocationField("X", String(repeating: "x", count: Limits().headBytesMax))
            let headBytesMax = Limits().headBytesMax
            #expect(await error(bed, request(.get, fields: [field])) == .tooLarge(.head(bytesMax: headBytesMax)))
        }
    }

    @Test(arguments: [
        "/hello\r\nX-Evil: 1", "/hello HTTP/1.1\r\n\r\nGET /invoke/other", "hello", "", "/hel lo", "%2Fhello",
    ])
    func `a path cannot add a field or another request, or lead to the management API`(path: String) async throws {
        try await withServer {
            $0.connection.send(ok())
        } _: { bed, server in
            do {
                let answer = try await text(bed, request(.get, path))
                Issue.record("\(answer)")
            } catch let error as InvocationError {
                guard case .malformedRequest = error else { throw error }
            }
            #expect(server.requests.isEmpty)
        }
    }

    @Test(arguments: [
        ("X", "1\r\nX-Evil: 1"), ("X: 1\r\nY", "2"), ("X", "1\n"), ("X Y", "1"), ("", "1"), ("Host", "other"),
        ("Content-Length", "7"), ("Transfer-Encoding", "chunked"), ("X", "a\u{0}b"),
    ])
    func `a field cannot change the framing or add a field`(name: String, value: String) async throws {
        try await withServer {
            $0.connection.send(ok())
        } _: { bed, server in
            await #expect(throws: InvocationError.self) {
                try await text(bed, request(.post, fields: [InvocationField(name, value)], content: .bytes([1])))
            }
            #expect(server.requests.isEmpty)
        }
    }

    @Test func `a call cannot leave HTTP`() async throws {
        try await withServer {
            $0.connection.send(ok())
        } _: { bed, server in
            let fields = [InvocationField("Upgrade", "websocket"), InvocationField("Connection", "upgrade")]
            let answer = try await text(bed, request(.get, fields: fields))
            #expect(answer.status == 200)
            #expect(server.requests.first?.field("upgrade") == nil)
        }
    }

    @Test func `the caller's timeout ends a call, and cannot extend the function's timeout`() async throws {
        try await withServer(function: makeFunction(timeout: .milliseconds(300))) { _ in
        } _: { bed, server in
            for timeout in [Duration.milliseconds(60), .seconds(60)] {
                let begun = ContinuousClock.now
                do {
                    _ = try await text(bed, request(timeout: timeout))
                    Issue.record("a silent function cannot respond")
                } catch let error as InvocationError {
                    #expect(error.stage == .function && error.status == 504)
                }
                #expect(ContinuousClock.now - begun >= min(timeout, .milliseconds(300)))
            }
            for request in server.requests { request.connection.close() }
        }
    }

    @Test(arguments: testedLoops)
    func `a cancelled call is abandoned, and its slot is held until the replica has finished`(
        loops: Int
    ) async throws {
        try await withServer(function: makeFunction(concurrency: 1)) { _ in
        } _: { bed, server in
            let task = Task { try await text(bed, request()) }
            try await eventually("the replica has the request") { server.requests.count == 1 }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(bed.load().inFlight == 1, "the replica is not free yet")
            let next = Task { try await text(bed, request()) }
            try await eventually("the next call waits") { bed.load().queued == 1 }
            server.requests[0].connection.close()
            try await eventually("the replica has the next request") { server.requests.count == 2 }
            server.requests[1].connection.send(ok("2"))
            #expect(try await next.value.text == "2")
        }
    }

    @Test func `a cancelled call never sends its content as complete`() async throws {
        try await withServer(call: .onHead) { _ in
        } _: { bed, server in
            for number in 0..<50 {
                let (parts, feed) = AsyncThrowingStream<[UInt8], any Error>.makeStream()
                feed.yield([UInt8(ascii: "a")])
                let task = Task { try await text(bed, request(.post, content: .parts(parts))) }
                try await eventually("the replica has the request") { server.requests.count == number + 1 }
                task.cancel()
                await #expect(throws: CancellationError.self) { try await task.value }
                try await eventually("its connection ends") { server.hasEnded(number) }
                let sent = server.requests[number].connection.inbox.text
                #expect(!sent.hasSuffix("\r\n0\r\n\r\n"), "\(sent)")
            }
        }
    }

    @Test func `a task that is already cancelled calls nothing`() async throws {
        try await withServer {
            $0.connection.send(ok())
        } _: { bed, server in
            let task = Task {
                while !Task.isCancelled { await Task.yield() }
                return try await text(bed, request())
            }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(server.requests.isEmpty)
        }
    }

    @Test func `a call whose content cannot be read to its end fails with that error`() async throws {
        struct Broken: Error, Equatable {}
        try await withServer {
            $0.connection.send(ok())
        } _: { bed, server in
            let parts = AsyncThrowingStream<[UInt8], any Error> { stream in
                stream.yield([1, 2])
                stream.finish(throwing: Broken())
            }
            await #expect(throws: Broken.self) { try await text(bed, request(.post, content: .parts(parts))) }
            #expect(server.requests.isEmpty, "the request never became complete")
        }
    }

    @Test func `a caller that returns before the end of the content ends the call`() async throws {
        try await withServer { request in
            request.connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        } _: { bed, server in
            let status = try await bed.dispatcher.invoke(request()) { $0.status }
            #expect(status == 200)
            try await eventually("the replica's connection ends") { server.hasEnded(0) }
        }
    }

    @Test func `a caller that does not read stops the replica, and gets all bytes once it reads`() async throws {
        let total = 16 << 20
        try await withServer { request in
            request.connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(16 << 20)\r\n\r\n")
            request.connection.send(ByteBuffer(repeating: UInt8(ascii: "x"), count: 16 << 20))
        } _: { bed, server in
            try await bed.dispatcher.invoke(request()) { response in
                let connection = server.requests[0].connection
                let left = try await settled("the replica's unwritten bytes") { try await connection.unwritten() }
                #expect(left > total / 4)
                var received = 0
                for try await part in response.content { received += part.count }
                #expect(received == total)
            }
        }
    }

    @Test func `a function that does not read stops the caller's content`() async throws {
        try await withServer(call: .onHead) {
            $0.connection.setReading(false)
        } _: { bed, server in
            let read = Mutex(0)
            let parts = AsyncThrowingStream<[UInt8], any Error> {
                read.withLock { $0 += 1 }
                return Array(repeating: 1, count: 100_000)
            }
            let task = Task { try await text(bed, request(.post, content: .parts(parts))) }
            try await eventually("the request") { server.requests.count == 1 }
            let count = try await settled("the caller's content") { read.withLock { $0 } }
            #expect(count < 320, "32 MB")
            server.requests[0].connection.send(ok("enough"))
            #expect(try await task.value.text == "enough")
        }
    }

    @Test(arguments: testedLoops)
    func `calls and requests of clients share the slots of a function`(loops: Int) async throws {
        let running = Atomic<Int>(0)
        let mostAtOnce = Atomic<Int>(0)
        try await withServer(function: makeFunction(concurrency: 1)) { request in
            mostAtOnce.max(running.add(1, ordering: .relaxed).newValue, ordering: .relaxed)
            request.connection.schedule(in: .microseconds(100)) {
                running.subtract(1, ordering: .relaxed)
                request.connection.send(ok())
            }
        } _: { bed, server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        for _ in 0..<50 {
                            let answer = try await text(bed, request())
                            #expect(answer.status == 200)
                        }
                    }
                    group.addTask {
                        let client = try await bed.client()
                        for _ in 0..<50 { #expect(try await client.ask(get()).status == 200) }
                        client.close()
                    }
                }
                try await group.waitForAll()
            }
            #expect(server.requests.count == 800)
            #expect(mostAtOnce.load(ordering: .relaxed) == 1)
        }
    }

    @Test func `the rate of a function counts each caller by its name`() async throws {
        let limits = FunctionLimits(rate: 0.001)
        try await withServer(function: makeFunction(limits: limits)) {
            $0.connection.send(ok())
        } _: { bed, _ in
            for caller in ["trigger:a", "trigger:b"] {
                let answer = try await text(bed, request(caller: caller))
                #expect(answer.status == 200)
                await #expect(throws: InvocationError.self) { try await text(bed, request(caller: caller)) }
            }
        }
    }

    @Test func `another process serves a call if it owns the function's slots`() async throws {
        let server = try await StubServer.start { $0.connection.send(ok($0.body)) }
        try await withPair { first, owner in
            let function = makeFunction(concurrency: 1)
            try await owner.serve(server, function: function)
            try await first.serve(server, function: function)
            first.setOwnership(elsewhere: owner.internalAddress, isHeld: true)
            for size in [3, 100_000] {
                let content = Array(repeating: UInt8(ascii: "a"), count: size)
                #expect(try await text(first, request(.post, content: .bytes(content))).text.utf8.count == size)
            }
            #expect(await owner.metric("f2s_requests_completed_total{function=\"hello\"}") == 2)
            try await eventually("no invocation is left") { first.isIdle() && owner.isIdle() }
        }
        await server.stop()
    }

    @Test func `a failure at the process that owns the slots is an error, and not a response`() async throws {
        let server = try await StubServer.start { $0.connection.close() }
        try await withPair(timeouts: Timeouts(scaling: .milliseconds(50))) { first, owner in
            let function = makeFunction(concurrency: 1)
            first.declare(function)
            owner.declare(function)
            first.setOwnership(elsewhere: owner.internalAddress, isHeld: true)
            await #expect(throws: InvocationError.failedAtPeer(status: 504, stage: .scale)) {
                try await text(first, request())
            }
            owner.run([server.port], of: function)
            try await eventually("the replica accepts") { owner.accepting == 1 }
            await #expect(throws: InvocationError.failedAtPeer(status: 502, stage: .function)) {
                try await text(first, request(.post))
            }
            let answer = try await first.client().ask(post(body: ""))
            #expect(answer.status == 502 && answer.field("X-F2S-Error") == nil)
        }
        await server.stop()
    }

    @Test func `a function cannot pretend that another process failed`() async throws {
        let server = try await StubServer.answering(ok("hi", fields: "X-F2S-Error: queue\r\n"))
        try await withPair { first, owner in
            let function = makeFunction(concurrency: 1)
            try await owner.serve(server, function: function)
            first.declare(function)
            first.setOwnership(elsewhere: owner.internalAddress, isHeld: true)
            let answer = try await text(first, request())
            #expect(answer.text == "hi")
        }
        await server.stop()
    }

    @Test func `a shutdown ends the calls in flight and refuses new ones`() async throws {
        let server = try await StubServer.start { _ in }
        let registry = Mutex<Testbed?>(nil)
        let waiting = Mutex<Task<(status: Int, text: String), any Error>?>(nil)
        try await withTestbed { bed in
            try await bed.serve(server)
            registry.withLock { $0 = bed }
            let task = Task { try await text(bed, request()) }
            try await eventually("the replica has the request") { server.requests.count == 1 }
            waiting.withLock { $0 = task }
        }
        let (bed, task) = try (registry.withLock { $0 }.orThrow(), waiting.withLock { $0 }.orThrow())
        await #expect(throws: InvocationError.replicaLost(afterResponseBegan: false)) { try await task.value }
        await #expect(throws: InvocationError.draining) { try await text(bed, request()) }
        await server.stop()
    }

    /// Returns the content of chunks.
    private static func decoded(_ chunks: some StringProtocol) -> String {
        var (rest, content) = (Array(chunks.utf8)[...], [UInt8]())
        while let end = rest.firstIndex(of: UInt8(ascii: "\r")),
            let size = Int(String(decoding: rest[..<end], as: UTF8.self), radix: 16), size > 0
        {
            content += rest[(end + 2)...].prefix(size)
            rest = rest.dropFirst(end + 2 - rest.startIndex + size + 2)
        }
        return String(decoding: content, as: UTF8.self)
    }
}
