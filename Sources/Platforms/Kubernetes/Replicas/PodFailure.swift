import F2SModel

/// The reason why a pod accepts no invocations, and will accept none unless something changes.
struct PodFailure: Sendable, Hashable {
    /// Identity of one attempt. A failure with another attempt is a new occurrence.
    enum Attempt: Sendable, Hashable {
        /// The image was pulled. `isFresh` is true if the pull has just failed, and false during the backoff after it.
        case pull(pod: String, isFresh: Bool)
        /// The container ran and has ended.
        case run(Crash)
        /// The pod exists, but its container was never started.
        case pod(String)
        /// The container runs, but does not become ready.
        case unready(UnreadyPods.Key)
        /// The pod could not be created.
        case create
    }

    /// A container that has ended.
    struct Crash: Sendable, Hashable {
        /// `metadata.uid` of its pod.
        let pod: String
        /// `metadata.name` of its pod.
        let podName: String
        /// Time at which it ended, on the node's clock.
        let finished: Double
        /// True if another container was started since, or is about to be.
        let isBefore: Bool

        /// One ending is one crash, no matter if it is the newest state or the last one before it.
        static func == (left: Crash, right: Crash) -> Bool {
            left.pod == right.pod && left.finished == right.finished
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(pod)
            hasher.combine(finished)
        }
    }

    let stage: Stage
    /// Kubernetes' reason for the failure.
    let reason: String
    /// A description of the failure and its remedy.
    let message: String
    let exitStatus: Int?
    let attempt: Attempt
    let revision: Revision
    /// Time from the failure until the cluster tries again; `nil` if the cluster does not report it.
    let pause: Duration?
    /// True if the pod may still become ready at any moment, because its container was restarted or still runs.
    let isTryingAgain: Bool
    /// True if the pod did not become ready in time; false for other failures.
    var isTimeout = false
    /// The last lines of its log, if they are known already.
    var logTail: [String] = []

    /// The crash whose last log lines describe the failure.
    var crash: Crash? {
        if case .run(let crash) = attempt { crash } else { nil }
    }

    /// Seconds that a container must run to count as started. A container that ran longer may end once without a
    /// failure.
    private static let lastingRun = 10.0
    /// Seconds after which the cluster restarts a container without backoff, however often it has ended before.
    private static let soundRun = 600.0

    /// Creates the failure of a pod, or `nil` if it has none yet.
    /// - Parameter unready: the state of pods that run and are not ready.
    init?(_ pod: PodObservation, _ unready: UnreadyPods = UnreadyPods()) {
        guard !pod.isDeleting, !pod.isOver, !pod.isReady else { return nil }
        revision = Revision(text: pod.revision)
        if pod.isRunning, let verdict = unready.verdict(on: pod) {
            (stage, exitStatus, pause) = (.start, nil, nil)
            (reason, message) = Self.words(for: verdict, pod)
            attempt = .unready(verdict.key)
            isTryingAgain = !verdict.isHopeless
            isTimeout = true
            logTail = verdict.finding.logTail
            return
        }
        if let unscheduled = pod.unscheduled {
            guard unscheduled.reason == "Unschedulable" else { return nil }
            (stage, reason, exitStatus, pause, isTryingAgain) = (.schedule, "FailedScheduling", nil, nil, false)
            attempt = .pod(pod.uid)
            message =
                "No node can run a replica: \(unscheduled.message.sentence) Lower target.resources, or add capacity to "
                + "the cluster."
            return
        }
        let waiting = pod.waiting?.reason ?? ""
        if let words = Self.imageWords[waiting] {
            (stage, exitStatus, pause, isTryingAgain) = (.image, nil, nil, false)
            // The two reasons alternate as long as the image cannot be pulled, but they are one failure.
            reason = waiting == "ErrImagePull" ? "ImagePullBackOff" : waiting
            attempt = .pull(pod: pod.uid, isFresh: waiting != "ImagePullBackOff")
            message = "\(Self.said(pod.waiting?.message, else: "The image cannot be pulled")) \(words)"
            return
        }
        if Self.configurationReasons.contains(waiting) {
            (stage, reason, exitStatus, pause, isTryingAgain) = (.start, waiting, nil, nil, false)
            attempt = .pod(pod.uid)
            message =
                "\(Self.said(pod.waiting?.message, else: "The container cannot be created")) Correct target, or create "
                + "what is missing in the namespace of the replicas."
            return
        }
        guard let ending = pod.newestEnding, waiting == "CrashLoopBackOff" || !Self.isSound(ending, pod, unready)
        else { return nil }
        (stage, reason, exitStatus) = (.start, "CrashLoopBackOff", ending.exitStatus)
        attempt = .run(
            Crash(pod: pod.uid, podName: pod.name, finished: ending.finished, isBefore: pod.ended == nil))
        pause = pod.waiting.flatMap { Self.pause(in: $0.message) }
        isTryingAgain = pod.isRunning
        message = Self.words(for: ending)
    }

    /// Returns true if the container that has ended had started well: the cluster restarts it at once, and invocations
    /// wait for it as for a new replica.
    private static func isSound(
        _ ending: PodObservation.Ending, _ pod: PodObservation, _ unready: UnreadyPods
    ) -> Bool {
        if ending.ran >= soundRun { return true }
        return pod.restarts <= 1 && (ending.ran >= lastingRun || unready.wasReady(pod))
    }

    /// Creates the failure of a Deployment for which the cluster refuses to create pods.
    init(replicaFailure: ObservedObject.Cause, revision: Revision) {
        (stage, reason, exitStatus, pause, isTryingAgain) = (.scale, replicaFailure.reason, nil, nil, false)
        message =
            "The cluster refuses to create a replica: \(replicaFailure.message.sentence) Raise the quota, or lower the "
            + "resources that the function requests."
        attempt = .create
        self.revision = revision
    }

    /// Returns the reason why a container that was ready has ended and is being restarted, for invocations that
    /// time out while they wait for it.
    /// - Parameter unready: the state of pods that run and are not ready.
    static func restart(of pod: PodObservation, _ unready: UnreadyPods) -> StartFailure? {
        guard !pod.isDeleting, !pod.isOver, !pod.isReady, let ending = pod.newestEnding, unready.isRestarting(pod)
        else { return nil }
        return StartFailure(
            stage: .start, reason: ending.isOutOfMemory ? "OOMKilled" : "ReplicaCrashed",
            message: restartMessage(of: pod, ending), exitStatus: ending.exitStatus, isTimeout: true,
            revision: Revision(text: pod.revision), attempts: pod.restarts + 1, nextAttempt: 0, retryAfterSeconds: 1)
    }

    /// Returns a message about a replica that has ended, with the cause.
    static func restartMessage(of pod: PodObservation, _ ending: PodObservation.Ending) -> String {
        "Replica \(pod.name) has ended and is being restarted. \(words(for: ending))"
    }

    // MARK: Messages

    private static let imageWords = [
        "ErrImagePull": "Correct target.containerImage, or let the cluster reach and read the registry.",
        "ImagePullBackOff": "Correct target.containerImage, or let the cluster reach and read the registry.",
        "ErrImageNeverPull": "Load the image onto the node: its pull policy forbids pulling it.",
        "InvalidImageName": "Correct target.containerImage: it is not a valid image name.",
        "ImageInspectError": "The node cannot read the image: remove it there, or build it again.",
        "RegistryUnavailable": "Let the cluster reach the registry of target.containerImage.",
    ]

    private static let configurationReasons: Set<String> = [
        "CreateContainerConfigError", "CreateContainerError", "RunContainerError", "PreStartHookError",
        "PostStartHookError",
    ]

    private static func said(_ message: String?, else fallback: String) -> String {
        let said = message ?? ""
        return (said.isEmpty ? fallback : said).sentence
    }

    static func words(for ending: PodObservation.Ending) -> String {
        let said = ending.message.isEmpty ? "" : " \(ending.message.sentence)"
        switch (ending.reason, ending.exitStatus) {
        case _ where ending.isOutOfMemory:
            return "The container was killed because it exceeded its memory limit (OOMKilled).\(said) Raise "
                + "target.resources.memory."
        case (_, 126), (_, 127), (_, 128):
            return "The container's program cannot be run (exit status \(ending.exitStatus)).\(said) Correct "
                + "target.command, or the image."
        case (_, 0):
            return "The container ended with exit status 0 instead of serving.\(said) Its program must stay in the "
                + "foreground and listen on target.port."
        case (_, 137):
            return "The container was killed (exit status 137, signal 9).\(said) A lack of memory is the usual cause: "
                + "check the node, and raise target.resources.memory."
        default:
            return "The container ended with exit status \(ending.exitStatus)\(signal(ending.exitStatus)).\(said) Its "
                + "last log lines show the cause."
        }
    }

    private static func words(
        for verdict: UnreadyPods.Verdict, _ pod: PodObservation
    ) -> (reason: String, message: String) {
        let port = pod.port ?? 0
        let probe = "GET \(pod.probe?.path ?? "/")"
        let answerTime = (pod.probe?.timeout ?? .seconds(1)).humanText
        let time = verdict.limit.humanText
        switch verdict.finding.answer {
        case .refuses, .accepts:
            let others = verdict.finding.otherPorts
            let advice =
                others.isEmpty
                ? "Its program must listen on that port on all addresses (0.0.0.0), or target.port must name the port "
                    + "that it listens on."
                : "It listens on port \(others.map { "\($0)" }.joined(separator: ", ")): set target.port to that, or "
                    + "make it listen on the port that the variable PORT names."
            return verdict.wasReady
                ? (
                    "StoppedListening",
                    "The container runs, but has accepted no connections on port \(port) for \(time), although it did "
                        + "before. \(advice)"
                )
                : (
                    "NeverListened",
                    "The container runs, but did not accept connections on port \(port) within \(time). \(advice)"
                )
        case .status(let status) where !(200..<400).contains(status):
            let said = "\(probe) is answered with \(status) instead of 200 to 399."
            return (
                verdict.wasReady ? "NotReady" : "NeverReady",
                "The container listens on port \(port), but \(said) Correct target.readinessProbe.path, or the "
                    + "program's response to it."
            )
        case .status:
            return (
                verdict.wasReady ? "NotReady" : "NeverReady",
                "The container was not ready within \(time), although \(probe) is answered with success. Its node must "
                    + "be able to reach port \(port), and must get the response within \(answerTime) "
                    + "(target.readinessProbe.timeout)."
            )
        case .silent:
            return (
                verdict.wasReady ? "NotReady" : "NeverReady",
                "The container listens on port \(port), but \(probe) was not answered within \(time). Correct "
                    + "target.readinessProbe.path, make its response faster than \(answerTime), or raise "
                    + "target.readinessProbe.timeout."
            )
        }
    }

    private static func signal(_ status: Int) -> String {
        (129...192).contains(status) ? " (signal \(status - 128))" : ""
    }

    /// Returns the backoff in a message such as `back-off 1m20s restarting failed container=…`.
    private static func pause(in message: String) -> Duration? {
        guard let start = message.firstRange(of: "back-off ") else { return nil }
        let text = message[start.upperBound...].prefix { $0 != " " }
        return try? Duration(text: String(text), allowed: .zero...Duration.seconds(3600), field: "back-off")
    }
}
