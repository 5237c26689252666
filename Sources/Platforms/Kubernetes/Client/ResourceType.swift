/// A resource type of the API server, and its location in the API.
struct ResourceType: Sendable, Hashable {
    /// The API group; empty for the core group.
    let group: String
    /// The version within the group.
    let version: String
    /// The name in paths: lower case, plural.
    let plural: String
    /// The `kind` of its objects.
    let kind: String

    /// The `apiVersion` of its objects.
    var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// Returns the path of a collection, of one object, or of an object's subresource.
    func path(namespace: String?, name: String? = nil, subresource: String? = nil) -> String {
        let root = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        let scope = namespace.map { "/namespaces/\($0)" } ?? ""
        let object = name.map { "/\($0)" } ?? ""
        return root + scope + "/" + plural + object + (subresource.map { "/\($0)" } ?? "")
    }
}

extension ResourceType {
    static let pods = ResourceType(group: "", version: "v1", plural: "pods", kind: "Pod")
    static let services = ResourceType(group: "", version: "v1", plural: "services", kind: "Service")
    static let configMaps = ResourceType(group: "", version: "v1", plural: "configmaps", kind: "ConfigMap")
    static let secrets = ResourceType(group: "", version: "v1", plural: "secrets", kind: "Secret")
    static let serviceAccounts = ResourceType(
        group: "", version: "v1", plural: "serviceaccounts", kind: "ServiceAccount")
    static let namespaces = ResourceType(group: "", version: "v1", plural: "namespaces", kind: "Namespace")
    static let events = ResourceType(group: "", version: "v1", plural: "events", kind: "Event")
    static let deployments = ResourceType(group: "apps", version: "v1", plural: "deployments", kind: "Deployment")
    static let replicaSets = ResourceType(group: "apps", version: "v1", plural: "replicasets", kind: "ReplicaSet")
    static let leases = ResourceType(group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease")
    static let functions = ResourceType(
        group: "f2s.opensight.ch", version: "v1alpha1", plural: "functions", kind: "Function")
}
