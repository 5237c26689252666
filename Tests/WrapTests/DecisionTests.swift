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
    func `header fields become variables, dangerous ones do not`(field: String, variable: String?) {
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
    func `a path that is no text is refused`(target: String) {
        #expect(RequestEnvironment(method: "GET", target: target, fields: [:]) == nil)
    }

    @Test func `fields of one name are joined, and absent ones take f2s' own away`() throws {
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

    @Test func `a command that has done its work is answered with its output, late or not`() {
        for reason in [nil, .timedOut] as [Abandonment.Reason?] {
            for isCommitted in [false, true] {
                #expect(WrapAnswer(to: Self.done, reason: reason, isCommitted: isCommitted, timeout: .zero) == .output)
            }
        }
    }

    @Test func `after the status only closing tells of a failure`() {
        for reason in [nil, .timedOut, .clientGone] as [Abandonment.Reason?] {
            #expect(WrapAnswer(to: Self.failed, reason: reason, isCommitted: true, timeout: .zero) == .close)
        }
        #expect(WrapAnswer(to: Self.failed, reason: .clientGone, isCommitted: false, timeout: .zero) == .close)
    }

    @Test(
        arguments: [
            (Self.failed, nil, 500), (Self.failed, .timedOut, 504), (.notStarted(reason: "x"), nil, 500),
            (.lost(reason: "x"), nil, 500), (.notStarted(reason: "x"), .timedOut, 504),
        ] as [(CommandEnding, Abandonment.Reason?, Int)])
    func `each failure has its status`(ending: CommandEnding, reason: Abandonment.Reason?, status: Int) {
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
    @Test func `the last lines are kept, with bounds`() {
        var tail = LineTail()
        #expect(tail.lines.isEmpty)
        for number in 1...100 { tail.append(Array("line \(number)\n".utf8)) }
        #expect(tail.lines.count == LineTail.linesMax)
        #expect(tail.lines.last == "line 100")
        tail.append([UInt8](repeating: UInt8(ascii: "x"), count: 10 * LineTail.bytesMax))
        #expect(tail.lines.joined().utf8.count == LineTail.bytesMax)
    }

    @Test func `bytes that are no text are replaced`() {
        var tail = LineTail()
        tail.append([0xFF, UInt8(ascii: "a"), UInt8(ascii: "\r"), UInt8(ascii: "\n")])
        #expect(tail.lines == ["\u{FFFD}a"])
    }
}

struct SlotsTests {
    @Test func `who gives up waiting leaves the slot to the next`() async {
        let slots = Slots(count: 1)
        #expect(await slots.acquire(unless: Abandonment()))
        let leaver = Abandonment()
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { await slots.acquire(unless: leaver) }
            while slots.waiting < 1 { await Task.yield() }
            leaver.abandon(.clientGone)
            #expect(await group.next() == false)
            group.addTask { await slots.acquire(unless: Abandonment()) }
            while slots.waiting < 1 { await Task.yield() }
            slots.release()
            #expect(await group.next() == true)
        }
        slots.release()
        #expect(await slots.acquire(unless: Abandonment()))
    }

    @Test func `who has given up before does not wait`() async {
        let slots = Slots(count: 1)
        #expect(await slots.acquire(unless: Abandonment()))
        let gone = Abandonment()
        gone.abandon(.timedOut)
        #expect(await slots.acquire(unless: gone) == false)
        #expect(slots.waiting == 0)
    }
}

struct BodyRelayTests {
    /// Cancelling a task and resuming it both hold the task's lock.
    @Test(.timeLimit(.minutes(2))) func `a reader that is cancelled while a chunk comes blocks no writer`() async {
        for _ in 0..<10_000 {
            let relay = BodyRelay()
            let reader = Task { while await relay.take() != nil {} }
            let writer = Task { for _ in 0..<3 { await relay.put(ByteBuffer(string: "chunk")) } }
            await Task.yield()
            reader.cancel()
            await writer.value
            await reader.value
        }
    }

    @Test func `chunks arrive in order and the end after them`() async {
        let relay = BodyRelay()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for number in 0..<100 { await relay.put(ByteBuffer(integer: number)) }
                relay.finish()
            }
            var expected = 0
            while var chunk = await relay.take() {
                #expect(chunk.readInteger() == expected)
                expected += 1
            }
            #expect(expected == 100)
        }
        #expect(await relay.take() == nil)
    }

    @Test func `when the reader leaves, the rest is dropped without waiting`() async {
        let relay = BodyRelay()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for _ in 0..<100 { await relay.put(ByteBuffer(string: "x")) } }
            _ = await relay.take()
            relay.leave()
            await group.waitForAll()
        }
        relay.finish()
        #expect(await relay.take() == nil)
    }

    @Test func `a reader that is cancelled stops waiting`() async {
        let relay = BodyRelay()
        let chunk = await withTaskGroup(of: ByteBuffer?.self) { group in
            group.addTask { await relay.take() }
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(chunk == nil)
        await relay.put(ByteBuffer(string: "dropped"))
    }
}

struct AbandonmentTests {
    @Test func `the first reason counts and the action runs once`() {
        let abandonment = Abandonment()
        let count = Count()
        abandonment.onAbandon { count.up() }
        abandonment.abandon(.timedOut)
        abandonment.abandon(.clientGone)
        #expect(abandonment.reason == .timedOut)
        #expect(count.value == 1)
        abandonment.onAbandon { count.up() }
        #expect(count.value == 2)
    }

    @Test func `an action that was taken back does not run`() {
        let abandonment = Abandonment()
        let count = Count()
        abandonment.onAbandon { count.up() }
        abandonment.forget()
        abandonment.abandon(.clientGone)
        #expect(count.value == 0)
    }
}
