import F2SModel
import F2SSystem
import Logging
import Synchronization

// The logs of pods.
extension KubernetesRuntime {
    /// Maximum number of bytes that are read from the log of one pod.
    private static let logBytesMax = 4 << 20
    /// Maximum number of bytes that are read from the log of a crashed container.
    private static let tailBytesMax = 64 << 10
    /// Timeout for reading the log of a crashed container.
    private static let tailTimeout = Duration.milliseconds(800)
    /// Number of lines that a container may write between two reads of its log before lines are missed.
    private static let overlapMax = 1000

    /// Returns the last lines of a container that has ended, or an empty list if they are not available in time.
    func fetchTail(of crash: PodFailure.Crash) async -> [String] {
        let lines = Mutex<[String]>([])
        await withTimeout(Self.tailTimeout) {
            let count = StartFailureTracker.tailLinesMax
            var found = await self.read(crash.podName, tail: count, previous: crash.isBefore)
            // The container has been restarted since, so its log is the one of the previous container.
            if found.isEmpty, !crash.isBefore { found = await self.read(crash.podName, tail: count, previous: true) }
            lines.withLock { $0 = found.map(\.text) }
        }
        return lines.withLock { $0 }
    }

    /// Returns the last lines of a running container, or an empty list if they are not available in time.
    func fetchTail(of podName: String) async -> [String] {
        let lines = Mutex<[String]>([])
        await withTimeout(Self.tailTimeout) {
            let found = await self.read(podName, tail: StartFailureTracker.tailLinesMax)
            lines.withLock { $0 = found.map(\.text) }
        }
        return lines.withLock { $0 }
    }

    /// Serves a reader: sends the existing lines of all pods of the function, then new lines, including those of new
    /// pods.
    func serve(_ request: PodLogRequests.Request) async {
        let pods = pods(of: request.function)
        var last: [String: String] = [:]
        if request.tail > 0 {
            let logs = await logs(of: pods, tail: request.tail)
            for (log, line) in StampedLine.merged(logs, tail: request.tail) { hand(line, pods[log], request) }
            for (pod, log) in zip(pods, logs) { last[pod.uid] = log.last?.stamp }
        }
        guard request.isFollowing else { return }
        await withDiscardingTaskGroup { group in
            var known: Set<String> = []
            let old = Set(pods.map(\.uid))
            for await _ in self.pods.latest.values() {
                for pod in self.pods(of: request.function) where known.insert(pod.uid).inserted {
                    // A pod that was created after the request is read from its first line.
                    let seen = last[pod.uid] ?? (old.contains(pod.uid) ? nil : "")
                    group.addTask { await self.follow(pod, request, after: seen) }
                }
            }
        }
    }

    /// Returns the pods that may have a log, oldest first. A container that was never started has none.
    private func pods(of function: Function.ID) -> [PodObservation] {
        pods.latest.current.items.values.filter {
            $0.function == function && ($0.isRunning || $0.newestEnding != nil)
        }.sorted { ($0.created, $0.uid) < ($1.created, $1.uid) }
    }

    /// Returns the log of each pod, in the order of `pods`. The logs are read concurrently.
    private func logs(of pods: [PodObservation], tail: Int) async -> [[StampedLine]] {
        await withTaskGroup { group in
            for (index, pod) in pods.enumerated() {
                group.addTask { (index, await self.read(pod.name, tail: tail)) }
            }
            var logs = Array(repeating: [StampedLine](), count: pods.count)
            for await (index, log) in group { logs[index] = log }
            return logs
        }
    }

    /// Sends the new lines of a pod to the reader. The log ends when the container ends; after a restart it is followed
    /// again.
    /// - Parameter seen: the stamp of the last line that the reader has received; `nil` to skip the lines that exist
    ///   now.
    private func follow(_ pod: PodObservation, _ request: PodLogRequests.Request, after seen: String?) async {
        let last = Mutex(seen)
        while !Task.isCancelled, pods.latest.current.items[pod.name]?.uid == pod.uid {
            let before = last.withLock { $0 }
            await follow(pod.name, tail: before == nil ? 0 : Self.overlapMax) { line in
                let isNew = last.withLock { last in
                    guard line.stamp.isEmpty || line.stamp > last ?? "" else { return false }
                    last = line.stamp
                    return true
                }
                if isNew { self.hand(line, pod, request) }
            }
            last.withLock { $0 = $0 ?? "" }
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
        }
    }

    private func hand(_ line: StampedLine, _ pod: PodObservation, _ request: PodLogRequests.Request) {
        let time = line.time > 0 ? line.time : Moment.now.wall
        request.hand(LogLine(replica: Replica.ID(pod.name), source: "stdout", time: time, text: line.text))
    }

    private func read(_ pod: String, tail: Int, previous: Bool = false) async -> [StampedLine] {
        var lines: [StampedLine] = []
        do {
            let log = try await client.logs(
                pod: pod, namespace: options.functionsNamespace, container: WorkloadManifest.containerName,
                tailLines: tail, previous: previous, limitBytes: previous ? Self.tailBytesMax : Self.logBytesMax,
                timestamps: true)
            for try await line in log { lines.append(StampedLine(line)) }
        } catch {
            logger.debug("The log of \(pod) could not be read: \(error)")
        }
        return lines
    }

    private func follow(_ pod: String, tail: Int, _ take: @Sendable (StampedLine) -> Void) async {
        do {
            let log = try await client.logs(
                pod: pod, namespace: options.functionsNamespace, container: WorkloadManifest.containerName,
                tailLines: tail, follow: true, timestamps: true)
            for try await line in log { take(StampedLine(line)) }
        } catch {
            logger.debug("The log of \(pod) could not be followed: \(error)")
        }
    }
}

/// A line of a container's log with the time that the node has recorded for it.
struct StampedLine: Sendable, Hashable {
    /// Time at which it was written, in seconds since 1970; 0 if the log contains no time.
    let time: Double
    /// The time as text. It is more precise than ``time``, and orders the lines of one container.
    let stamp: String
    /// The text of the line.
    let text: String

    /// Parses a line that begins with its time and a space.
    init(_ line: String) {
        guard let space = line.firstIndex(of: " "), let time = Timestamp(String(line[..<space])) else {
            (time, stamp, text) = (0, "", line)
            return
        }
        self.time = time.seconds
        stamp = String(line[..<space])
        text = String(line[line.index(after: space)...])
    }

    /// Merges several logs and returns their newest lines, oldest first.
    static func merged(_ logs: [[StampedLine]], tail: Int) -> [(log: Int, line: StampedLine)] {
        let all = logs.enumerated().flatMap { log, lines in lines.map { (log: log, line: $0) } }
        // The sort is stable, so lines of one log with the same time keep their order.
        return all.sorted { $0.line.time < $1.line.time }.suffix(tail)
    }
}
