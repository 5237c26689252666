import F2SModel

/// Why a pod takes no invocations and will take none unless something changes.
struct PodFailure: Sendable, Hashable {
    /// What one attempt is: a failure whose attempt is another one has happened again.
    enum Attempt: Sendable, Hashable {
        /// The image was asked for; `isFresh`: just now, and not in vain for a while.
        case pull(pod: String, isFresh: Bool)
        /// The container ran, and has ended at that moment.
        case run(Crash)
        /// The pod is there, and its container was never started.
        case pod(String)
        /// The container runs and does not get ready.
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
        /// When it ended, on the node's clock.
        let finished: Double
        /// Whether another one was started since, or is about to be.
        let isBefore: Bool

        /// The same ending is one crash, whether seen as the newest state or as the last one.
        static func == (left: Crash, right: Crash) -> Bool {
            left.pod == right.pod && left.finished == right.finished
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(pod)
            hasher.combine(finished)
        }
    }

    let stage: Stage
    /// Kubernetes' word.
    let reason: String
    /// What happened and what to do.
    let message: String
    let exitStatus: Int?
    let attempt: Attempt
    let revision: Revision
    /// When the cluster tries again, counted from the failure; `nil`: it does not say.
    let pause: Duration?
    /// Whether the pod may come up at any moment all the same: its container was started again, or still runs.
    let isTryingAgain: Bool
    /// Whether time ran out, rather than something having failed.
    var isTimeout = false
    /// The last lines that it has written, where they are known already.
    var logTail: [String] = []

    /// The crash whose last lines are worth reading.
    var crash: Crash? {
        if case .run(let crash) = attempt { crash } else { nil }
    }

    /// A container that has ended sooner than this did not start; one that has lasted longer may end once without being
    /// called a failure.
    private static let lastingRun = 10.0
    /// The cluster starts a container at once that has lasted this long, however often it has ended before.
    private static let soundRun = 600.0

    /// What is wrong with a pod; `nil`: nothing, or nothing yet.
    /// - Parameter unready: what is known about pods that run and are not ready.
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
                "No node can take a replica: \(unscheduled.message.sentence) Lower target.resources, or make room."
            return
        }
        let waiting = pod.waiting?.reason ?? ""
        if let words = Self.imageWords[waiting] {
            (stage, exitStatus, pause, isTryingAgain) = (.image, nil, nil, false)
            // The two alternate as long as the image cannot be had; to people they are one trouble.
            reason = waiting == "ErrImagePull" ? "ImagePullBackOff" : waiting
            attempt = .pull(pod: pod.uid, isFresh: waiting != "ImagePullBackOff")
            message = "\(Self.said(pod.waiting?.message, else: "The image cannot be had")) \(words)"
            return
        }
        if Self.configurationReasons.contains(waiting) {
            (stage, reason, exitStatus, pause, isTryingAgain) = (.start, waiting, nil, nil, false)
            attempt = .pod(pod.uid)
            message =
                "\(Self.said(pod.waiting?.message, else: "The container cannot be made")) Correct target.secrets, "
                + "target.command or target.resources."
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

    /// Whether a container that has ended was sound until then: the cluster starts it again at once, and callers wait
    /// for it as for a new one.
    private static func isSound(
        _ ending: PodObservation.Ending, _ pod: PodObservation, _ unready: UnreadyPods
    ) -> Bool {
        if ending.ran >= soundRun { return true }
        return pod.restarts <= 1 && (ending.ran >= lastingRun || unready.wasReady(pod))
    }

    /// The cluster refuses to create pods.
    init(refusal: ObservedObject.Complaint, revision: Revision) {
        (stage, reason, exitStatus, pause, isTryingAgain) = (.scale, refusal.reason, nil, nil, false)
        message =
            "The cluster refuses to create a replica: \(refusal.message.sentence) Raise the quota, or lower what "
            + "the function asks for."
        attempt = .create
        self.revision = revision
    }

    /// Why a container has ended that took invocations and is started again, for those who wait for it in vain.
    /// - Parameter unready: what is known about pods that run and are not ready.
    static func restart(of pod: PodObservation, _ unready: UnreadyPods) -> StartTrouble? {
        guard !pod.isDeleting, !pod.isOver, !pod.isReady, let ending = pod.newestEnding, unready.isRestarting(pod)
        else { return nil }
        return StartTrouble(
            stage: .start, reason: ending.isOutOfMemory ? "OOMKilled" : "ReplicaCrashed",
            message: restartMessage(of: pod, ending), exitStatus: ending.exitStatus, isTimeout: true,
            revision: Revision(text: pod.revision), attempts: pod.restarts + 1, nextAttempt: 0, retryAfterSeconds: 1)
    }

    /// That a replica has ended, and why.
    static func restartMessage(of pod: PodObservation, _ ending: PodObservation.Ending) -> String {
        "Replica \(pod.name) has ended and is started again. \(words(for: ending))"
    }

    // MARK: Words

    private static let imageWords = [
        "ErrImagePull": "Correct target.containerImage, or let the cluster reach and read the registry.",
        "ImagePullBackOff": "Correct target.containerImage, or let the cluster reach and read the registry.",
        "ErrImageNeverPull": "Load the image onto the node: it may not be pulled.",
        "InvalidImageName": "Correct target.containerImage: it is no image's name.",
        "ImageInspectError": "The node cannot read the image: remove it there, or build it anew.",
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
            return "The container was killed because it used more memory than it may (OOMKilled).\(said) Raise "
                + "target.resources.memory."
        case (_, 126), (_, 127), (_, 128):
            return "The container's program cannot be run (exit status \(ending.exitStatus)).\(said) Correct "
                + "target.command, or the image."
        case (_, 0):
            return "The container ended with exit status 0 instead of serving.\(said) Its program must stay in the "
                + "foreground and listen on target.port."
        case (_, 137):
            return "The container was killed (exit status 137, signal 9).\(said) A lack of memory is the usual cause: "
                + "look at the node, and raise target.resources.memory."
        default:
            return "The container ended with exit status \(ending.exitStatus)\(signal(ending.exitStatus)).\(said) Its "
                + "last lines say why."
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
                    "The container runs, but has not accepted connections on port \(port) any more for \(time). "
                        + advice
                )
                : (
                    "NeverListened",
                    "The container runs, but did not accept connections on port \(port) within \(time). \(advice)"
                )
        case .status(let status) where !(200..<400).contains(status):
            let said = "\(probe) is answered with \(status) instead of 200 to 399."
            return (
                verdict.wasReady ? "NotReady" : "NeverReady",
                "The container listens on port \(port), but \(said) Correct target.readinessProbe.path, or what "
                    + "answers it."
            )
        case .status:
            return (
                verdict.wasReady ? "NotReady" : "NeverReady",
                "The container was not ready within \(time), although \(probe) is answered well. Its node must be able "
                    + "to reach port \(port), and gets an answer within \(answerTime) (target.readinessProbe.timeout)."
            )
        case .silent:
            return (
                verdict.wasReady ? "NotReady" : "NeverReady",
                "The container listens on port \(port), but \(probe) was not answered within \(time). Correct "
                    + "target.readinessProbe.path, make its answer faster than \(answerTime), or raise "
                    + "target.readinessProbe.timeout."
            )
        }
    }

    private static func signal(_ status: Int) -> String {
        (129...192).contains(status) ? " (signal \(status - 128))" : ""
    }

    /// `back-off 1m20s restarting failed container=…`
    private static func pause(in message: String) -> Duration? {
        guard let start = message.firstRange(of: "back-off ") else { return nil }
        let text = message[start.upperBound...].prefix { $0 != " " }
        return try? Duration(text: String(text), allowed: .zero...Duration.seconds(3600), field: "back-off")
    }
}
