import F2SModel
import Synchronization

/// The logs of replicas, with bounds on lines, bytes and ended replicas, and the streams that follow them.
final class ReplicaLogs: Sendable {
    private struct ReplicaLog {
        let replica: Replica.ID
        var ring: LogRing
        var isGone = false
        /// The text without a line end yet, by source.
        var partials: [String: String] = [:]
    }

    private struct FunctionLog {
        /// The logs of the replicas, oldest replica first.
        var rings: [ReplicaLog] = []
        var followers: [UInt64: LogReader] = [:]
    }

    private struct State {
        var logs: [Function.ID: FunctionLog] = [:]
        var nextSequence: UInt64 = 0
        var nextFollower: UInt64 = 0
    }

    /// The number of lines that a slow follower may lag behind.
    private static let followerLinesMax = 2048

    private let state = Mutex(State())
    /// Keeps deliveries in order. The state's lock cannot do that, because it would deadlock: the cancellation of a
    /// follower's task holds that task's lock and needs the state, and a delivery needs the task's lock.
    private let delivery = Mutex(())
    private let linesMax: Int
    private let bytesMax: Int
    private let goneMax: Int

    init(linesMax: Int, bytesMax: Int, goneMax: Int) {
        self.linesMax = linesMax
        self.bytesMax = bytesMax
        self.goneMax = goneMax
    }

    /// Adds lines of a replica and delivers them to the followers of its function.
    /// - Parameter partial: The text after the last line end. ``tail(of:of:count:)`` includes it until its line is
    ///   complete, because the last words of a program often have no line end.
    func write(
        _ texts: [String], source: String, of replica: Replica.ID, of function: Function.ID, at time: Double,
        partial: String? = nil
    ) {
        let lines = texts.map { LogLine(replica: replica, source: source, time: time, text: $0) }
        delivery.withLock { _ in
            let followers = state.withLock { state in
                var log = state.logs.removeValue(forKey: function) ?? FunctionLog()
                let index = log.rings.firstIndex { $0.replica == replica } ?? log.rings.endIndex
                if index == log.rings.endIndex {
                    let ring = LogRing(linesMax: linesMax, bytesMax: bytesMax)
                    log.rings.append(ReplicaLog(replica: replica, ring: ring))
                }
                log.rings[index].partials[source] = partial
                for line in lines {
                    log.rings[index].ring.append(LogRing.Entry(sequence: state.nextSequence, line: line))
                    state.nextSequence += 1
                }
                state.logs[function] = log
                return Array(log.followers.values)
            }
            for follower in followers { for line in lines { follower.hand(line) } }
        }
    }

    /// Returns the newest lines of one replica, oldest first, including text that has no line end yet.
    func tail(of replica: Replica.ID, of function: Function.ID, count: Int) -> [String] {
        state.withLock { state in
            guard let log = state.logs[function]?.rings.first(where: { $0.replica == replica }) else { return [] }
            let partials = log.partials.sorted { $0.key < $1.key }.map(\.value)
            return Array((log.ring.lines.suffix(count).map(\.line.text) + partials).suffix(count))
        }
    }

    /// Marks a replica as ended. Its log stays as one of the last few.
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

    /// Deletes the logs of a function that was removed.
    func forget(_ function: Function.ID) {
        state.withLock { state in
            state.logs[function]?.rings = []
            if state.logs[function]?.followers.isEmpty == true { state.logs[function] = nil }
        }
    }

    /// Returns the newest `tail` lines of a function, oldest first, and with `follow` also the lines that come later.
    func lines(of function: Function.ID, tail: Int, follow: Bool) -> AsyncStream<LogLine> {
        let kept = max(0, tail)
        let key = state.withLock { state in
            state.nextFollower += 1
            return state.nextFollower
        }
        let linesMax = min(kept, 1_000_000) + Self.followerLinesMax
        let (reader, lines) = LogReader.makeStream(linesMax: linesMax) { [weak self] in self?.leave(key, function) }
        delivery.withLock { _ in
            let entries = state.withLock { state in
                if follow { state.logs[function, default: FunctionLog()].followers[key] = reader }
                return (state.logs[function]?.rings ?? []).flatMap { Array($0.ring.lines) }
            }
            for entry in entries.sorted(by: { $0.sequence < $1.sequence }).suffix(kept) { reader.hand(entry.line) }
        }
        if !follow { reader.finish() }
        return lines
    }

    private func leave(_ key: UInt64, _ function: Function.ID) {
        // The reader is released after the lock, because its end may call this function again.
        let reader = state.withLock { $0.logs[function]?.followers.removeValue(forKey: key) }
        _ = reader
    }
}
