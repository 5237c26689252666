import F2SModel

/// The fields of a pod that F2S reads: a few hundred bytes of the several thousand that the API server sends.
struct PodObservation: Sendable, Hashable {
    /// `metadata.uid`.
    var uid: String
    /// `metadata.name`.
    var name: String
    /// The function that the pod belongs to; `nil` if it belongs to none.
    var function: Function.ID?
    /// Revision that it was started from.
    var revision: String = ""
    /// `metadata.creationTimestamp`, seconds since 1970.
    var created: Double = 0
    /// True if `metadata.deletionTimestamp` is set.
    var isDeleting = false
    /// True if `status.phase` is `Failed` or `Succeeded`.
    var isOver = false
    /// `status.podIP`.
    var ip: String?
    /// `status.podIPs`: one address per IP family.
    var addresses: Set<String> = []
    /// The first container's first port.
    var port: Int?
    /// True if its function declares a readiness probe, for which F2S then waits.
    var awaitsReadiness = false
    /// Its readiness probe, if that has a path.
    var probe: ReadinessProbe?
    /// True if the condition `Ready` is true.
    var isReady = false
    /// The reason why it is not scheduled (condition `PodScheduled`); `nil` if it has a node. The scheduler may write
    /// the condition for an attempt that was overtaken.
    var unscheduled: ObservedObject.Cause?
    /// The reason why its container waits (`state.waiting`).
    var waiting: ObservedObject.Cause?
    /// True if its container runs.
    var isRunning = false
    /// The end of its current container (`state.terminated`).
    var ended: Ending?
    /// The end of the container before the current one (`lastState.terminated`).
    var endedBefore: Ending?
    /// Number of restarts of its container.
    var restarts = 0

    /// The end of a container.
    struct Ending: Sendable, Hashable {
        /// Exit status; 128 + the signal's number if a signal ended it.
        var exitStatus: Int
        /// Kubernetes' reason: `Error`, `Completed`, `OOMKilled`, `ContainerCannotRun` …
        var reason: String
        /// Message of the container runtime; may be empty.
        var message: String
        /// Time that it ran, in seconds.
        var ran: Double
        /// Time at which it ended, in seconds since 1970 on the node's clock. It only identifies the ending, and is not
        /// compared with other clocks.
        var finished: Double

        /// True if the kernel ended it because it needed more memory than its limit.
        var isOutOfMemory: Bool { reason == "OOMKilled" }
    }

    /// The newest end of its container.
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
                /// The probe that F2S waits for; `nil` if it has no path.
                var awaited: ReadinessProbe? {
                    httpGet.map { ReadinessProbe(path: $0.path ?? "/", timeout: .seconds(timeoutSeconds ?? 1)) }
                }
            }
            let ports: [Port]?
            let readinessProbe: Probe?
        }
        let containers: [Container]?
        let nodeName: String?
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
        let hasNode = wire.spec?.nodeName?.isEmpty == false
        for condition in wire.status?.conditions ?? [] {
            if condition.type == "Ready" { isReady = condition.status == "True" }
            if condition.type == "PodScheduled", condition.status == "False", !hasNode {
                unscheduled = ObservedObject.Cause(
                    reason: condition.reason ?? "", message: condition.message ?? "")
            }
        }
        guard let status = wire.status?.containerStatuses?.first else { return }
        waiting = status.state?.waiting.map {
            ObservedObject.Cause(reason: $0.reason ?? "", message: $0.message ?? "")
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
