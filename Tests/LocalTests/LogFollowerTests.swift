import F2SModel
import Testing

@testable import F2SLocal

@Suite struct LogFollowerTests {
    private let function = Function.ID("chatty")
    private let replica = Replica.ID("chatty-1")

    private func logs() -> ReplicaLogs { ReplicaLogs(linesMax: 1000, bytesMax: 256 * 1024, goneMax: 3) }

    private func lines(_ numbers: Range<Int>) -> [String] { numbers.map { "line \($0)" } }

    @Test func `a follower gets the newest lines of a burst without waiting for another line`() async throws {
        let logs = logs()
        let stream = logs.lines(of: function, tail: 0, follow: true)
        logs.write(lines(0..<1500), source: "stdout", of: replica, of: function, at: 1)
        var iterator = stream.makeAsyncIterator()
        for number in 0..<1500 { #expect(await iterator.next()?.text == "line \(number)") }
    }

    @Test(arguments: [0, 10, 1000])
    func `a line at the position of lost lines reports their number at once`(tail: Int) async throws {
        let logs = logs()
        logs.write(lines(0..<1000), source: "stdout", of: replica, of: function, at: 1)
        let stream = logs.lines(of: function, tail: tail, follow: true)
        logs.write(lines(1000..<9000), source: "stdout", of: replica, of: function, at: 2)
        var iterator = stream.makeAsyncIterator()
        let kept = tail + 2048
        let notice = try #require(await iterator.next())
        #expect(notice.source == "f2s" && notice.text.hasPrefix("\(8000 + tail - kept) lines are missing here"))
        for number in (9000 - kept)..<9000 { #expect(await iterator.next()?.text == "line \(number)") }
        logs.write(lines(9000..<9001), source: "stdout", of: replica, of: function, at: 3)
        #expect(await iterator.next()?.text == "line 9000")
    }

    @Test func `a follower without a reader is removed`() async throws {
        let left = Latest(0)
        var (reader, lines): (LogReader, AsyncStream<LogLine>?) = {
            let made = LogReader.makeStream(linesMax: 1) { left.update { $0 += 1 } }
            return (made.reader, made.lines)
        }()
        #expect(lines != nil && left.current == 0)
        lines = nil
        #expect(left.current == 1)
        reader.hand(LogLine(replica: replica, source: "stdout", time: 1, text: "late"))
        reader.finish()
        #expect(left.current == 1)
        _ = consume reader
        reader = LogReader.makeStream(linesMax: 1).reader
    }

    /// The cancellation and the resumption of a task both hold the task's lock.
    @Test(.timeLimit(.minutes(2))) func `a follower that is cancelled while lines arrive blocks no other`() async {
        let logs = logs()
        await withTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    logs.write(["line"], source: "stdout", of: replica, of: function, at: 1)
                    await Task.yield()
                }
            }
            for _ in 0..<10_000 {
                let follower = Task { for await _ in logs.lines(of: function, tail: 0, follow: true) {} }
                await Task.yield()
                follower.cancel()
                await follower.value
            }
            group.cancelAll()
        }
    }
}
