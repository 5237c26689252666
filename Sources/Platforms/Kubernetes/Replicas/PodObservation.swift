import F2SModel

/// What F2S looks at of a pod: a few hundred bytes of the several thousand that the API server tells.
struct PodObservation: Sendable, Hashable {
    /// `metadata.uid`.
    var uid: String
    /// `metadata.name`.
    var name: String
    /// Whose pod it is; `nil`: no function's.
    var function: Function.ID?
    /// What it was started from.
    var revision: String = ""
    /// `metadata.creationTimestamp`, seconds since 1970.
    var created: Double = 0
    /// Whether `metadata.deletionTimestamp` is set.
    var isDeleting = false
    /// Whether `status.phase` is `Failed` or `Succeeded`.
    var isOver = false
    /// `status.podIP`.
    var ip: String?
    /// `status.podIPs`: one per family.
    var addresses: Set<String> = []
    /// The first container's first port.
    var port: Int?
    /// Whether its readiness is declared, and so waited for.
    var awaitsReadiness = false
    /// Its readiness probe, if that asks for a path.
    var probe: ReadinessProbe?
    /// Condition `Ready`.
    var isReady = false
    /// Why no node takes it (condition `PodScheduled`).
    var unscheduled: ObservedObject.Complaint?
    /// What its container waits for (`state.waiting`).
    var waiting: ObservedObject.Complaint?
    /// Whether its container runs.
    var isRunning = false
    /// How its container has ended just now (`state.terminated`).
    var ended: Ending?
    /// How the one before has ended (`lastState.terminated`).
    var endedBefore: Ending?
    /// How often its container was started again.
    var restarts = 0

    /// How a container has ended.
    struct Ending: Sendable, Hashable {
        /// Exit status; 128 + signal when a signal ended it.
        var exitStatus: Int
        /// Kubernetes' word: `Error`, `Completed`, `OOMKilled`, `ContainerCannotRun` …
        var reason: String
        /// What the container runtime says, if anything.
        var message: String
        /// How long it has run, seconds.
        var ran: Double
        /// When it ended, seconds since 1970 on the node's clock: its identity, nothing to reckon with.
        var finished: Double

        /// True if the kernel ended it because it needed more memory than its limit.
        var isOutOfMemory: Bool { reason == "OOMKilled" }
    }

    /// The newest ending of its container.
    var newestEnding: Ending? { ended ?? endedBefore }
}

extension PodObservation: Decodable {
    fileprivate struct Wire: Decodable {
        let metadata: Metadata
        let spec: Spec?
        let status: Status?
    }

    fileprivate struct Metadata: Decodable {
        let name: String
        let uid: String
        let labels: [String: String]?
        let creationTimestamp: Timestamp?
        let deletionTimestamp: Timestamp?
    }

    fileprivate struct Spec: Decodable {
        struct Container: Decodable {
            struct Port: Decodable { let containerPort: Int }
            struct Probe: Decodable {
                struct Get: Decodable { let path: String? }
                let httpGet: Get?
                let timeoutSeconds: Int64?
                /// The probe that F2S waits for; `nil`: it asks for no path.
                var awaited: ReadinessProbe? {
                    httpGet.map { ReadinessProbe(path: $0.path ?? "/", timeout: .seconds(timeoutSeconds ?? 1)) }
                }
            }
            let ports: [Port]?
            let readinessProbe: Probe?
        }
        let containers: [Container]?
    }

    fileprivate struct Status: Decodable {
        struct Condition: Decodable {
            let type: String
            let status: String
            let reason: String?
            let message: String?
        }
        let phase: String?
        struct Address: Decodable { let ip: String? }
        let podIP: String?
        let podIPs: [Address]?
        let conditions: [Condition]?
        let containerStatuses: [ContainerStatus]?
    }

    fileprivate struct ContainerStatus: Decodable {
        struct State: Decodable {
            struct Waiting: Decodable {
                let reason: String?
                let message: String?
            }
            struct Running: Decodable {}
            struct Terminated: Decodable {
                let exitCode: Int
                let signal: Int?
                let reason: String?
                let message: String?
                let startedAt: Timestamp?
                let finishedAt: Timestamp?
            }
            let waiting: Waiting?
            let running: Running?
            let terminated: Terminated?
        }
        let restartCount: Int?
        let state: State?
        let lastState: State?
    }

    init(from decoder: any Decoder) throws {
        let wire = try Wire(from: decoder)
        let container = wire.spec?.containers?.first
        self.init(
            uid: wire.metadata.uid, name: wire.metadata.name,
            function: wire.metadata.labels?[ObjectLabel.function].map { Function.ID($0) },
            revision: wire.metadata.labels?[ObjectLabel.revision] ?? "",
            created: wire.metadata.creationTimestamp?.seconds ?? 0,
            isDeleting: wire.metadata.deletionTimestamp != nil,
            isOver: ["Failed", "Succeeded"].contains(wire.status?.phase), ip: wire.status?.podIP,
            port: container?.ports?.first?.containerPort, awaitsReadiness: container?.readinessProbe?.httpGet != nil,
            probe: container?.readinessProbe?.awaited)
        addresses = Set((wire.status?.podIPs ?? []).compactMap(\.ip) + [ip].compactMap(\.self))
        for condition in wire.status?.conditions ?? [] {
            if condition.type == "Ready" { isReady = condition.status == "True" }
            if condition.type == "PodScheduled", condition.status == "False" {
                unscheduled = ObservedObject.Complaint(
                    reason: condition.reason ?? "", message: condition.message ?? "")
            }
        }
        guard let status = wire.status?.containerStatuses?.first else { return }
        waiting = status.state?.waiting.map {
            ObservedObject.Complaint(reason: $0.reason ?? "", message: $0.message ?? "")
        }
        isRunning = status.state?.running != nil
        ended = status.state?.terminated.map { Ending($0) }
        endedBefore = status.lastState?.terminated.map { Ending($0) }
        restarts = status.restartCount ?? 0
    }
}

extension PodObservation.Ending {
    fileprivate init(_ wire: PodObservation.Terminated) {
        let finished = wire.finishedAt?.seconds ?? 0
        let exitStatus = wire.exitCode == 0 ? (wire.signal.map { $0 > 0 ? 128 + $0 : 0 } ?? 0) : wire.exitCode
        self.init(
            exitStatus: exitStatus, reason: wire.reason ?? "", message: wire.message ?? "",
            ran: max(0, finished - (wire.startedAt?.seconds ?? finished)), finished: finished)
    }
}

extension PodObservation {
    fileprivate typealias Terminated = ContainerStatus.State.Terminated
}
