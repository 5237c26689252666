import F2SModel

/// `target`: the program that serves a function, and its limits.
public struct TargetRecord: Sendable, Hashable, Decodable {
    /// `resources`.
    public struct Resources: Sendable, Hashable, Decodable {
        /// Processors, as a Kubernetes quantity.
        public var cpu: String?
        /// Memory, as a Kubernetes quantity.
        public var memory: String?
    }

    /// `readinessProbe`.
    public struct Probe: Sendable, Hashable, Decodable {
        /// The path of the request.
        public var path: String
        /// The longest time for one response.
        public var timeout: String?
    }

    /// An entry of `envFrom`, which names either a ConfigMap or a Secret.
    public struct EnvironmentSource: Sendable, Hashable, Decodable {
        /// The name of a ConfigMap.
        public var configMap: String?
        /// The name of a Secret.
        public var secret: String?
        /// True if a replica starts without the object.
        public var optional: Bool?

        fileprivate var text: String {
            let object = configMap.map { "ConfigMap \($0)" } ?? secret.map { "Secret \($0)" } ?? ""
            return object + (optional == true ? " (optional)" : "")
        }
    }

    /// `scaling`.
    public struct Scaling: Sendable, Hashable, Decodable {
        /// The number of concurrent invocations per replica to aim at.
        public var targetConcurrency: Double?
        /// The time without invocations after which the function is scaled to its minimum.
        public var idle: String?
        /// The stable window.
        public var window: String?
    }

    /// `limits`.
    public struct Limits: Sendable, Hashable, Decodable {
        /// The maximum number of concurrent invocations of the function.
        public var inFlight: Int?
        /// The maximum number of queued invocations.
        public var queued: Int?
        /// The invocations per second of each caller.
        public var rate: Double?
        /// The number of invocations that an idle caller may begin at once.
        public var burst: Int?
    }

    /// The image that runs on Kubernetes.
    public var containerImage: String?
    /// The command that Local runs as a process.
    public var command: [String]?
    /// The port of the container.
    public var port: Int?
    /// The path on the replica.
    public var endpoint: String?
    /// The minimum number of replicas.
    public var minReplicas: Int?
    /// The maximum number of replicas.
    public var maxReplicas: Int?
    /// The maximum number of concurrent invocations per replica; absent: no limit.
    public var concurrency: Int?
    /// Environment variables by name.
    public var env: [String: String]?
    /// The names of the function's secrets.
    public var secrets: [String]?
    /// The objects whose keys become environment variables.
    public var envFrom: [EnvironmentSource]?
    /// The resources of one replica.
    public var resources: Resources?
    /// The request that checks if a replica is ready.
    public var readinessProbe: Probe?
    /// The longest time until the response's head.
    public var timeout: String?
    /// The longest time that a replica may need to become ready.
    public var startTimeout: String?
    /// The longest time that a draining replica may need for its invocations before it is stopped.
    public var drainTimeout: String?
    /// The settings of the autoscaler.
    public var scaling: Scaling?
    /// The limits of the function's invocations.
    public var limits: Limits?
    /// True if a change of a file beside the manifest starts a rollout.
    public var watch: Bool?
    /// True if a replica receives the caller's Authorization field.
    public var forwardAuthorization: Bool?
    /// True if replicas have credentials of their own.
    public var identity: Bool?
}

extension TargetRecord {
    /// The lines of `f2s describe`: a name and a value. A line without a value is left out.
    var descriptionFields: [(name: String, value: String?)] {
        let variables = env?.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return [
            ("Image", containerImage),
            ("Command", command?.joined(separator: " ")),
            ("Port", port.map { "\($0)" }),
            ("Path", endpoint),
            ("Replicas", "\(minReplicas ?? 0) to \(maxReplicas ?? Target.maxReplicasDefault)"),
            ("Concurrency", concurrency.map { "\($0) per replica" } ?? "no limit"),
            ("Timeout", timeout),
            ("Start", startTimeout.map { "within \($0)" }),
            ("Drain", drainTimeout),
            ("Environment", variables?.joined(separator: ", ")),
            ("Secrets", secrets?.joined(separator: ", ")),
            ("Env from", envFrom?.map(\.text).joined(separator: ", ")),
            ("CPU", resources?.cpu),
            ("Memory", resources?.memory),
            (
                "Readiness",
                readinessProbe.map { probe in
                    "GET \(probe.path)" + (probe.timeout.map { ", within \($0)" } ?? "")
                }
            ),
            ("Watch", watch == true ? "changed files start a rollout" : nil),
            ("Authorization", forwardAuthorization == true ? "forwarded to replicas" : nil),
            ("Identity", identity == true ? "replicas have credentials of their own" : nil),
            ("Aim", scaling?.targetConcurrency.map { "\($0) invocations per replica" }),
            ("Idle", scaling?.idle),
            ("Window", scaling?.window),
            ("At once", limits?.inFlight.map { "\($0) in all" }),
            ("May wait", limits?.queued.map { "\($0)" }),
            ("Rate", limits?.rate.map { "\($0) per second and caller" }),
            ("Burst", limits?.burst.map { "\($0)" }),
        ]
    }
}
