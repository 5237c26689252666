import HTTPTypes
import NIOCore
import Testing

@testable import F2SWrap

struct RequestEnvironmentTests {
    @Test(
        arguments: [
            ("X-Request-Id", "HTTP_X_REQUEST_ID"), ("accept", "HTTP_ACCEPT"), ("Proxy", nil), ("pRoXy", nil),
            ("Content-Type", nil), ("content-length", nil), ("X_Real_Ip", nil), ("X.Y", nil),
        ] as [(String, String?)])
    func `header fields become variables, but dangerous ones do not`(field: String, variable: String?) {
        #expect(RequestEnvironment.variable(for: field) == variable)
    }

    @Test(arguments: [
        ("/a/b?x=1", "/a/b", "x=1"), ("/", "/", ""), ("/a%2Fb?", "/a/b", ""), ("/%C3%A9?a?b", "/é", "a?b"),
    ])
    func `the path is decoded and the query is not`(target: String, path: String, query: String) throws {
        let environment = try #require(RequestEnvironment(method: "GET", target: target, fields: [:]))
        #expect(environment.variables["PATH_INFO"] == path)
        #expect(environment.variables["QUERY_STRING"] == query)
        #expect(environment.variables["REQUEST_URI"] == target)
    }

    @Test(arguments: ["/%", "/%4", "/%zz", "/%00", "/a%ffb"])
    func `a path that is not valid text is rejected`(target: String) {
        #expect(RequestEnvironment(method: "GET", target: target, fields: [:]) == nil)
    }

    @Test func `fields of one name are joined, and absent fields remove the variables of f2s itself`() throws {
        var fields = HTTPFields()
        fields.append(HTTPField(name: .accept, value: "a"))
        fields.append(HTTPField(name: .accept, value: "b"))
        fields.append(HTTPField(name: .cookie, value: "c=1"))
        fields.append(HTTPField(name: .cookie, value: "d=2"))
        let variables = try #require(RequestEnvironment(method: "GET", target: "/", fields: fields)).variables
        #expect(variables["HTTP_ACCEPT"] == "a, b")
        #expect(variables["HTTP_COOKIE"] == "c=1; d=2")
        #expect(variables.keys.contains("CONTENT_TYPE"))
        #expect(variables["CONTENT_TYPE"] == .some(nil))
    }
}

struct WrapAnswerTests {
    private static let failed = CommandEnding.exited(status: 3, errorLines: [])
    private static let done = CommandEnding.exited(status: 0, errorLines: [])

    @Test func `the response to a successful command is its output, late or not`() {
        for reason in [nil, .timedOut] as [CancellationToken.Reason?] {
            for isCommitted in [false, true] {
                #expect(WrapAnswer(to: Self.done, reason: reason, isCommitted: isCommitted, timeout: .zero) == .output)
            }
        }
    }

    @Test func `after the status was sent, a failure closes the connection`() {
        for reason in [nil, .timedOut, .clientGone] as [CancellationToken.Reason?] {
            #expect(WrapAnswer(to: Self.failed, reason: reason, isCommitted: true, timeout: .zero) == .close)
        }
        #expect(WrapAnswer(to: Self.failed, reason: .clientGone, isCommitted: false, timeout: .zero) == .close)
    }

    @Test(
        arguments: [
            (Self.failed, nil, 500), (Self.failed, .timedOut, 504), (.notStarted(reason: "x"), nil, 500),
            (.lost(reason: "x"), nil, 500), (.notStarted(reason: "x"), .timedOut, 504),
        ] as [(CommandEnding, CancellationToken.Reason?, Int)])
    func `each failure has its status`(ending: CommandEnding, reason: CancellationToken.Reason?, status: Int) {
        let answer = WrapAnswer(to: ending, reason: reason, isCommitted: false, timeout: .seconds(1))
        guard case .problem(let problem) = answer else {
            Issue.record("no problem: \(answer)")
            return
        }
        #expect(problem.status == status)
        #expect(String(decoding: problem.json, as: UTF8.self).contains("\"stage\":\"function\""))
    }
}

struct LineTailTests {
    @Test func `a tail keeps a bounded number of the last lines and bytes`() {
        var tail = LineTail()
        #expect(tail.lines.isEmpty)
        for number in 1...100 { tail.append(Array("line \(number)\n".utf8)) }
        #expect(tail.lines.count == LineTail.linesMax)
        #expect(tail.lines.last == "line 100")
        tail.append([UInt8](repeating: UInt8(ascii: "x"), count: 10 * LineTail.bytesMax))
        #expect(tail.lines.joined().utf8.count == LineTail.bytesMax)
    }

    @Test func `bytes that are not UTF-8 are replaced`() {
        var tail = LineTail()
        tail.append([0xFF, UInt8(ascii: "a"), UInt8(ascii: "\r"), UInt8(ascii: "\n")])
        #expect(tail.lines == ["\u{FFFD}a"])
    }
}

struct SlotsTests {
    @Test func `a waiter that is cancelled leaves the slot to the next one`() async {
        let slots = Slots(count: 1)
        #expect(await slots.acquire(unless: CancellationToken()))
        let leaver = CancellationToken()
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { await slots.acquire(unless: leaver) }
            while slots.waiting < 1 { await Task.yield() }
            leaver.abandon(.clientGone)
            #expect(await group.next() == false)
            group.addTask { await slots.acquire(unless: CancellationToken()) }
            while slots.waiting < 1 { await Task.yield() }
            slots.release()
            #expect(await group.next() == true)
        }
        slots.release()
        #expect(await slots.acquire(unless: CancellationToken()))
    }

    @Test func `an invocation that is already cancelled does not wait`() async {
        let slots = Slots(count: 1)
        #expect(await slots.acquire(unless: CancellationToken()))
        let gone = CancellationToken()
        gone.abandon(.timedOut)
        #expect(await slots.acquire(unless: gone) == false)
        #expect(slots.waiting == 0)
    }
}

struct BodyRelayTests {
    /// The cancellation and the resumption of a task both hold the task's lock.
    @Test(.timeLimit(.minutes(2))) func `a reader that is cancelled while a chunk arrives blocks no writer`() async {
        for _ in 0..<10_000 {
            let relay = BodyRelay()
            let reader = Task { while await relay.nextChunk() != nil {} }
            let writer = Task { for _ in 0..<3 { await relay.put(ByteBuffer(string: "chunk")) } }
            await Task.yield()
            reader.cancel()
            await writer.value
            await reader.value
        }
    }

    @Test func `chunks arrive in order and the end arrives after them`() async {
        let relay = BodyRelay()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for number in 0..<100 { await relay.put(ByteBuffer(integer: number)) }
                relay.finish()
            }
            var expected = 0
            while var chunk = await relay.nextChunk() {
                #expect(chunk.readInteger() == expected)
                expected += 1
            }
            #expect(expected == 100)
        }
        #expect(await relay.nextChunk() == nil)
    }

    @Test func `when the reader leaves, the remaining chunks are dropped without a wait`() async {
        let relay = BodyRelay()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for _ in 0..<100 { await relay.put(ByteBuffer(string: "x")) } }
            _ = await relay.nextChunk()
            relay.leave()
            await group.waitForAll()
        }
        relay.finish()
        #expect(await relay.nextChunk() == nil)
    }

    @Test func `a reader that is cancelled stops waiting`() async {
        let relay = BodyRelay()
        let chunk = await withTaskGroup(of: ByteBuffer?.self) { group in
            group.addTask { await relay.nextChunk() }
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(chunk == nil)
        await relay.put(ByteBuffer(string: "dropped"))
    }
}

struct CancellationTokenTests {
    @Test func `the first reason counts and the action runs once`() {
        let abandonment = CancellationToken()
        let count = Count()
        abandonment.onAbandon { count.up() }
        abandonment.abandon(.timedOut)
        abandonment.abandon(.clientGone)
        #expect(abandonment.reason == .timedOut)
        #expect(count.value == 1)
        abandonment.onAbandon { count.up() }
        #expect(count.value == 2)
    }

    @Test func `an action that was removed does not run`() {
        let abandonment = CancellationToken()
        let count = Count()
        abandonment.onAbandon { count.up() }
        abandonment.forget()
        abandonment.abandon(.clientGone)
        #expect(count.value == 0)
    }
}
