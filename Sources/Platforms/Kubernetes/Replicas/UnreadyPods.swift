import F2SModel

/// Tracks pods that run and accept no invocations: since when, whether they were ever ready, and the results of F2S's
/// own checks. Kubernetes reports none of this: such a pod is `Running`, and its rollout fails after ten minutes.
///
/// A value without I/O; callers pass the time.
struct UnreadyPods: Sendable {
    /// One run of a pod's container.
    struct Key: Sendable, Hashable {
        let pod: String
        let restarts: Int
    }

    /// A pod that must be checked.
    struct Question: Sendable, Hashable {
        let key: Key
        let podName: String
        let address: Replica.Address
        /// Its readiness probe, or `nil` if it has none.
        let probe: ReadinessProbe?
    }

    /// Longest time that a function's start may take.
    struct StartLimit: Sendable, Hashable {
        let time: Duration
        /// True if the function declares the time. Then no failure is reported before it has passed.
        var isDeclared = false

        /// Time after which a container that is not ready is reported.
        var timeout: Duration { isDeclared ? time : min(UnreadyPods.timeoutMax, time) }
    }

    /// The result of a check.
    struct Finding: Sendable, Hashable {
        /// Its response on the declared port.
        var answer: Answer
        /// Other ports on which it accepts connections, although they are not declared.
        var otherPorts: [Int] = []
        /// The last lines of its log.
        var logTail: [String] = []

        enum Answer: Sendable, Hashable {
            /// It does not accept connections.
            case refuses
            /// It accepts connections; it has no readiness probe to check.
            case accepts
            /// It responded to its readiness probe with that status.
            case status(Int)
            /// It did not respond to its readiness probe in time, or not with HTTP.
            case silent
        }
    }

    /// The reason why a pod accepts no invocations.
    struct Verdict: Sendable, Hashable {
        let key: Key
        let finding: Finding
        /// Time after which the pod was reported.
        let limit: Duration
        /// True if it was ready before.
        let wasReady: Bool
        /// True if the longest time for a start has passed, so invocations no longer wait for it.
        let isHopeless: Bool
    }

    /// Longest time after which a container that is not ready is reported. If a function declares a longer time for its
    /// start, that applies.
    static let timeoutMax = Duration.seconds(8)
    /// Time between two checks of a pod.
    static let interval = Duration.seconds(5)

    private struct Entry: Sendable {
        let since: Duration
        var askedAt: Duration?
        var finding: Finding?
    }

    /// Pods to check now.
    private(set) var wanted: [Question] = []
    /// Time at which ``update(_:startLimit:at:)`` must be called again even if nothing has changed; `nil` if it need
    /// not.
    private(set) var nextCheck: Duration?
    /// Containers of pods that were ready before, if they ended since the last update.
    private(set) var crashed: [(pod: PodObservation, ending: PodObservation.Ending)] = []
    private var entries: [Key: Entry] = [:]
    /// Pods that were ready at least once.
    private var readyOnce: Set<String> = []
    /// Number of restarts of each of these pods at the time when it was last ready.
    private var readyRuns: [String: Int] = [:]
    /// Time at which the container of each pod ended last, on its node's clock.
    private var endings: [String: Double?] = [:]
    private var verdicts: [Key: Verdict] = [:]

    /// Applies the newest state of the pods.
    mutating func update(
        _ pods: some Collection<PodObservation>, startLimit: (Function.ID) -> StartLimit, at now: Duration
    ) {
        wanted = []
        nextCheck = nil
        var newer: [Key: Entry] = [:]
        var newerEndings: [String: Double?] = [:]
        verdicts = [:]
        crashed = []
        for pod in pods {
            noteEnding(of: pod, &newerEndings)
            if pod.isReady {
                readyOnce.insert(pod.uid)
                readyRuns[pod.uid] = pod.restarts
            }
            guard let function = pod.function, pod.isRunning, !pod.isReady, !pod.isDeleting, !pod.isOver else {
                continue
            }
            let key = Key(pod: pod.uid, restarts: pod.restarts)
            var entry = entries[key] ?? Entry(since: now)
            check(at: pod, key, &entry, limit: startLimit(function), now)
            newer[key] = entry
        }
        entries = newer
        endings = newerEndings
        readyOnce.formIntersection(newerEndings.keys)
        readyRuns = readyRuns.filter { newerEndings[$0.key] != nil }
    }

    /// Records the result of a check.
    mutating func record(_ finding: Finding, of key: Key) { entries[key]?.finding = finding }

    /// Returns true if this process has ever observed the pod as ready.
    func wasReady(_ pod: PodObservation) -> Bool { readyOnce.contains(pod.uid) }

    /// Returns true if the pod's container has ended and the one after it has not become ready yet.
    func isRestarting(_ pod: PodObservation) -> Bool {
        if pod.newestEnding == nil { return false }
        return !pod.isRunning || pod.restarts > readyRuns[pod.uid] ?? 0
    }

    /// Returns the reason why the pod accepts no invocations, or `nil` if it does or may soon.
    func verdict(on pod: PodObservation) -> Verdict? { verdicts[Key(pod: pod.uid, restarts: pod.restarts)] }

    private mutating func noteEnding(of pod: PodObservation, _ newer: inout [String: Double?]) {
        let ending = pod.newestEnding
        newer[pod.uid] = .some(ending?.finished)
        // Containers that ended before this process first observed them are not reported.
        guard let ending, let before = endings[pod.uid], before != ending.finished, readyOnce.contains(pod.uid),
            !pod.isDeleting
        else { return }
        crashed.append((pod, ending))
    }

    private mutating func check(
        at pod: PodObservation, _ key: Key, _ entry: inout Entry, limit: StartLimit, _ now: Duration
    ) {
        let due = entry.since + limit.timeout
        // The check is early enough for its result to be known when the failure is due to be reported.
        let next = max(
            due - PodCheck.answerTime(of: pod.probe) - .milliseconds(300),
            entry.askedAt.map { $0 + Self.interval } ?? .zero)
        if now >= next, let ip = pod.ip, let port = pod.port {
            entry.askedAt = now
            wanted.append(
                Question(
                    key: key, podName: pod.name, address: Replica.Address(ip: ip, port: port), probe: pod.probe))
            schedule(at: now + Self.interval)
        } else {
            schedule(at: max(next, now + .milliseconds(250)))
        }
        guard now >= due else { return schedule(at: due) }
        guard let finding = entry.finding, finding.answer != .accepts else { return }
        verdicts[key] = Verdict(
            key: key, finding: finding, limit: limit.timeout, wasReady: readyOnce.contains(pod.uid),
            isHopeless: now - entry.since >= limit.time)
        if now - entry.since < limit.time { schedule(at: entry.since + limit.time) }
    }

    private mutating func schedule(at due: Duration) { nextCheck = min(nextCheck ?? due, due) }
}
