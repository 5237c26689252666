import F2SModel
import Synchronization

/// Readers of logs, between those who ask, who get a stream at once, and the task that reads for them.
final class PodLogRequests: Sendable {
    /// One reader.
    struct Request: Sendable {
        let function: Function.ID
        /// Lines of the past that are wanted at most.
        let tail: Int
        /// Whether to go on with what comes.
        let isFollowing: Bool
        /// Becomes true when nobody reads any more.
        let isAbandoned: Latest<Bool>
        fileprivate let reader: LogReader

        /// Hands a line over, or counts it when the reader is too slow.
        func hand(_ line: LogLine) { reader.hand(line) }
    }

    fileprivate struct State {
        var waiting: [Request] = []
        var isOver = false
    }

    private let state = Mutex(State())
    private let news = Signal()

    /// Readers at once; more are refused with an empty stream.
    private static let waitingMax = 256

    /// A stream for a reader.
    func add(_ function: Function.ID, tail: Int, follow: Bool, linesMax: Int) -> AsyncStream<LogLine> {
        let kept = min(max(0, tail), 1_000_000)
        let isAbandoned = Latest(false)
        let (reader, lines) = LogReader.makeStream(linesMax: kept + linesMax) { isAbandoned.publish(true) }
        let request = Request(
            function: function, tail: kept, isFollowing: follow, isAbandoned: isAbandoned, reader: reader)
        let isTaken = state.withLock { state in
            guard !state.isOver, state.waiting.count < Self.waitingMax else { return false }
            state.waiting.append(request)
            return true
        }
        if isTaken { news.raise() } else { request.reader.finish() }
        return lines
    }

    /// Serves every reader, each until it leaves or has everything, until the task is cancelled.
    func serve(_ read: @escaping @Sendable (Request) async -> Void) async {
        await withDiscardingTaskGroup { group in
            for await _ in news.arrivals() {
                for request in state.withLock({ state in state.take() }) {
                    group.addTask {
                        await Self.run(request, read)
                        request.reader.finish()
                    }
                }
            }
            group.cancelAll()
        }
        for request in state.withLock({ state in
            state.isOver = true
            return state.take()
        }) { request.reader.finish() }
    }

    /// Reads for as long as somebody wants it.
    private static func run(_ request: Request, _ read: @escaping @Sendable (Request) async -> Void) async {
        await withTaskGroup { group in
            group.addTask { await read(request) }
            group.addTask { for await isAbandoned in request.isAbandoned.values() where isAbandoned { return } }
            await group.next()
            group.cancelAll()
        }
    }
}

extension PodLogRequests.State {
    fileprivate mutating func take() -> [PodLogRequests.Request] {
        defer { waiting = [] }
        return waiting
    }
}
