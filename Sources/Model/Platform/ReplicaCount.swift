/// The number of a function's replicas, and the owner of that number: F2S, or a part of the cluster.
public enum ReplicaCount: Sendable, Hashable {
    /// F2S owns the number; 0…`target.maxReplicas`.
    case fixed(Int)
    /// The cluster owns the number, for example a HorizontalPodAutoscaler; 1…`target.maxReplicas`. The platform starts
    /// the first replica if there is none. Otherwise it does not change the number.
    case byCluster

    /// The number of replicas that the platform itself must provide: 1 if the cluster owns the number.
    public var minimum: Int {
        switch self {
        case .fixed(let number): number
        case .byCluster: 1
        }
    }
}
