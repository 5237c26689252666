import F2SModel
import Synchronization

/// Queues requests for logs. Each caller gets a stream at once, and the task of ``serve(_:)`` reads the logs.
final class PodLogRequests: Sendable {
    /// A request of one reader.
    struct Request: Sendable {
        let function: Function.ID
        /// Maximum number of existing lines to send.
        let tail: Int
        /// True to send new lines after the existing ones.
        let isFollowing: Bool
        /// Becomes true when the caller no longer reads the stream.
        let isAbandoned: Latest<Bool>
        fileprivate let reader: LogReader

        /// Sends a line to the reader, or counts it as lost if the reader is too slow.
        func hand(_ line: LogLine) { reader.hand(line) }
    }

    fileprivate struct State {
        var waiting: [Request] = []
        var isOver = false
    }

    private let state = Mutex(State())
    private let requested = Signal()

    /// Maximum number of requests that wait to be served; further ones get an empty stream.
    private static let waitingMax = 256

    /// Adds a request and returns its stream.
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
        if isTaken { requested.raise() } else { request.reader.finish() }
        return lines
    }

    /// Serves all requests, each until its reader leaves or has received everything. Returns when the task is
    /// cancelled.
    func serve(_ read: @escaping @Sendable (Request) async -> Void) async {
        await withDiscardingTaskGroup { group in
            for await _ in requested.arrivals() {
                for request in state.withLock({ state in state.popAll() }) {
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
            return state.popAll()
        }) { request.reader.finish() }
    }

    /// Calls `read` and cancels it when the reader leaves.
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
    fileprivate mutating func popAll() -> [PodLogRequests.Request] {
        defer { waiting = [] }
        return waiting
    }
}
