import F2SModel

/// Which pods run and take no invocations: since when, whether they ever did, and what they said when F2S itself asked
/// them. Kubernetes tells none of this: such a pod is `Running`, and its rollout fails after ten minutes.
///
/// A value without I/O; it is told the time.
struct UnreadyPods: Sendable {
    /// One run of a pod's container.
    struct Key: Sendable, Hashable {
        let pod: String
        let restarts: Int
    }

    /// A pod that is to be asked.
    struct Question: Sendable, Hashable {
        let key: Key
        let podName: String
        let address: Replica.Address
        /// Its readiness probe; `nil`: it has none.
        let probe: ReadinessProbe?
    }

    /// Longest time that a function's start may take.
    struct StartLimit: Sendable, Hashable {
        let time: Duration
        /// True if the function declares it: then nothing is reported before.
        var isDeclared = false

        /// When it is said that a container does not get ready.
        var patience: Duration { isDeclared ? time : min(UnreadyPods.patience, time) }
    }

    /// What a pod has answered.
    struct Finding: Sendable, Hashable {
        /// How it answers on the port that is declared.
        var answer: Answer
        /// Ports that it accepts connections on although another one is declared.
        var otherPorts: [Int] = []
        /// The last lines that it has written.
        var logTail: [String] = []

        enum Answer: Sendable, Hashable {
            /// It does not accept connections.
            case refuses
            /// It accepts connections; its readiness was not asked for.
            case accepts
            /// Its readiness probe was answered with that status.
            case status(Int)
            /// Its readiness probe was not answered with HTTP, or not in time.
            case silent
        }
    }

    /// Why a pod takes no invocations.
    struct Verdict: Sendable, Hashable {
        let key: Key
        let finding: Finding
        /// How long it had when this was found.
        let limit: Duration
        /// Whether it took invocations before.
        let wasReady: Bool
        /// Whether it has had all the time that a start may take: nobody waits for it any more.
        let isHopeless: Bool
    }

    /// Time that a container has before it is said that it does not get ready. A function that declares a longer time
    /// for its start has that.
    static let patience = Duration.seconds(8)
    /// From one question to the next.
    static let interval = Duration.seconds(5)

    private struct Entry: Sendable {
        let since: Duration
        var askedAt: Duration?
        var finding: Finding?
    }

    /// Pods to ask now.
    private(set) var wanted: [Question] = []
    /// When ``take(_:startLimit:at:)`` should be called again although nothing has changed; `nil`: never.
    private(set) var nextLook: Duration?
    /// Containers that took invocations and have ended since the last look.
    private(set) var crashed: [(pod: PodObservation, ending: PodObservation.Ending)] = []
    private var entries: [Key: Entry] = [:]
    /// Pods that have taken invocations.
    private var readyOnce: Set<String> = []
    /// Of these, how often the container had been started again when it last did.
    private var readyRuns: [String: Int] = [:]
    /// When the container of each pod ended last, on its node's clock.
    private var endings: [String: Double?] = [:]
    private var verdicts: [Key: Verdict] = [:]

    /// Takes the newest pods.
    mutating func take(
        _ pods: some Collection<PodObservation>, startLimit: (Function.ID) -> StartLimit, at now: Duration
    ) {
        wanted = []
        nextLook = nil
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
            look(at: pod, key, &entry, limit: startLimit(function), now)
            newer[key] = entry
        }
        entries = newer
        endings = newerEndings
        readyOnce.formIntersection(newerEndings.keys)
        readyRuns = readyRuns.filter { newerEndings[$0.key] != nil }
    }

    /// Takes what a pod has answered.
    mutating func take(_ finding: Finding, of key: Key) { entries[key]?.finding = finding }

    /// Whether the pod has ever taken invocations, as far as this process has seen.
    func wasReady(_ pod: PodObservation) -> Bool { readyOnce.contains(pod.uid) }

    /// Returns whether the pod's container has ended and the one after it has not taken invocations yet.
    func isRestarting(_ pod: PodObservation) -> Bool {
        if pod.newestEnding == nil { return false }
        return !pod.isRunning || pod.restarts > readyRuns[pod.uid] ?? 0
    }

    /// Why the pod takes no invocations; `nil`: it does, or may soon.
    func verdict(on pod: PodObservation) -> Verdict? { verdicts[Key(pod: pod.uid, restarts: pod.restarts)] }

    private mutating func noteEnding(of pod: PodObservation, _ newer: inout [String: Double?]) {
        let ending = pod.newestEnding
        newer[pod.uid] = .some(ending?.finished)
        // What had ended before this process looked first is no news.
        guard let ending, let before = endings[pod.uid], before != ending.finished, readyOnce.contains(pod.uid),
            !pod.isDeleting
        else { return }
        crashed.append((pod, ending))
    }

    private mutating func look(
        at pod: PodObservation, _ key: Key, _ entry: inout Entry, limit: StartLimit, _ now: Duration
    ) {
        let due = entry.since + limit.patience
        // The answer is there when it is time to say it.
        let next = max(
            due - PodCheck.answerTime(of: pod.probe) - .milliseconds(300),
            entry.askedAt.map { $0 + Self.interval } ?? .zero)
        if now >= next, let ip = pod.ip, let port = pod.port {
            entry.askedAt = now
            wanted.append(
                Question(
                    key: key, podName: pod.name, address: Replica.Address(ip: ip, port: port), probe: pod.probe))
            look(at: now + Self.interval)
        } else {
            look(at: max(next, now + .milliseconds(250)))
        }
        guard now >= due else { return look(at: due) }
        guard let finding = entry.finding, finding.answer != .accepts else { return }
        verdicts[key] = Verdict(
            key: key, finding: finding, limit: limit.patience, wasReady: readyOnce.contains(pod.uid),
            isHopeless: now - entry.since >= limit.time)
        if now - entry.since < limit.time { look(at: entry.since + limit.time) }
    }

    private mutating func look(at due: Duration) { nextLook = min(nextLook ?? due, due) }
}
