import F2SModel
import Synchronization

/// What replicas have written, bounded in every direction, and those who follow it.
final class ReplicaLogs: Sendable {
    private struct ReplicaLog {
        let replica: Replica.ID
        var ring: LogRing
        var isGone = false
        /// By source: what was written and has no line end yet.
        var partials: [String: String] = [:]
    }

    private struct FunctionLog {
        /// Oldest replica first.
        var rings: [ReplicaLog] = []
        var followers: [UInt64: LogReader] = [:]
    }

    private struct State {
        var logs: [Function.ID: FunctionLog] = [:]
        var nextSequence: UInt64 = 0
        var nextFollower: UInt64 = 0
    }

    /// Lines that a slow follower may lag behind.
    private static let followerLinesMax = 2048

    private let state = Mutex(State())
    /// Followers that have left and are still among those of the state. It has a lock of its own: who ends a follower's
    /// task holds a lock of that task, which who hands it a line waits for.
    private let left = Mutex<[(key: UInt64, function: Function.ID)]>([])
    private let linesMax: Int
    private let bytesMax: Int
    private let goneMax: Int

    init(linesMax: Int, bytesMax: Int, goneMax: Int) {
        self.linesMax = linesMax
        self.bytesMax = bytesMax
        self.goneMax = goneMax
    }

    /// Adds lines of a replica and hands them to those who follow its function.
    /// - Parameter partial: what was written after the last line end. It is part of ``tail(of:of:count:)`` until its
    ///   line is complete: the last words of a program often have no line end.
    func write(
        _ texts: [String], source: String, of replica: Replica.ID, of function: Function.ID, at time: Double,
        partial: String? = nil
    ) {
        let gone = state.withLock { state in
            let gone = forgetLeft(&state)
            var log = state.logs.removeValue(forKey: function) ?? FunctionLog()
            let index = log.rings.firstIndex { $0.replica == replica } ?? log.rings.endIndex
            if index == log.rings.endIndex {
                log.rings.append(ReplicaLog(replica: replica, ring: LogRing(linesMax: linesMax, bytesMax: bytesMax)))
            }
            log.rings[index].partials[source] = partial
            for text in texts {
                let line = LogLine(replica: replica, source: source, time: time, text: text)
                log.rings[index].ring.append(LogRing.Entry(sequence: state.nextSequence, line: line))
                state.nextSequence += 1
                for follower in log.followers.values { follower.hand(line) }
            }
            state.logs[function] = log
            return gone
        }
        _ = gone
    }

    /// The newest lines of one replica, oldest first, with what has no line end yet.
    func tail(of replica: Replica.ID, of function: Function.ID, count: Int) -> [String] {
        state.withLock { state in
            guard let log = state.logs[function]?.rings.first(where: { $0.replica == replica }) else { return [] }
            let partials = log.partials.sorted { $0.key < $1.key }.map(\.value)
            return Array((log.ring.lines.suffix(count).map(\.line.text) + partials).suffix(count))
        }
    }

    /// A replica is gone; its log stays as one of the last few.
    func end(_ replica: Replica.ID, of function: Function.ID) {
        state.withLock { state in
            guard var log = state.logs[function] else { return }
            if let index = log.rings.firstIndex(where: { $0.replica == replica }) { log.rings[index].isGone = true }
            let surplus = log.rings.count { $0.isGone } - goneMax
            for _ in 0..<max(0, surplus) {
                if let oldest = log.rings.firstIndex(where: \.isGone) { log.rings.remove(at: oldest) }
            }
            state.logs[function] = log
        }
    }

    /// A function is gone, and nobody will ask for its logs again.
    func forget(_ function: Function.ID) {
        let gone = state.withLock { state in
            let gone = forgetLeft(&state)
            state.logs[function]?.rings = []
            if state.logs[function]?.followers.isEmpty == true { state.logs[function] = nil }
            return gone
        }
        _ = gone
    }

    /// The newest `tail` lines of a function, oldest first, and with `follow` those that come.
    func lines(of function: Function.ID, tail: Int, follow: Bool) -> AsyncStream<LogLine> {
        let kept = max(0, tail)
        let key = state.withLock { state in
            state.nextFollower += 1
            return state.nextFollower
        }
        let linesMax = min(kept, 1_000_000) + Self.followerLinesMax
        let (reader, lines) = LogReader.makeStream(linesMax: linesMax) { [weak self] in self?.leave(key, function) }
        let gone = state.withLock { state in
            let gone = forgetLeft(&state)
            let entries = (state.logs[function]?.rings ?? []).flatMap { Array($0.ring.lines) }
            for entry in entries.sorted(by: { $0.sequence < $1.sequence }).suffix(kept) { reader.hand(entry.line) }
            if follow { state.logs[function, default: FunctionLog()].followers[key] = reader }
            return gone
        }
        _ = gone
        if !follow { reader.finish() }
        return lines
    }

    private func leave(_ key: UInt64, _ function: Function.ID) { left.withLock { $0.append((key, function)) } }

    /// Takes out the followers that have left.
    /// - Returns: their readers, to be released after the lock: the end of a reader may call ``leave(_:_:)``.
    private func forgetLeft(_ state: inout State) -> [LogReader] {
        let left = left.withLock { left in
            defer { left = [] }
            return left
        }
        return left.compactMap { state.logs[$0.function]?.followers.removeValue(forKey: $0.key) }
    }
}
