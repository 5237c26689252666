/// A program that hands out credentials (`client.authentication.k8s.io`).
struct ExecPlugin: Sendable, Hashable {
    /// The program: a path, or a name to be found in `PATH`.
    var command: String
    /// Its arguments.
    var arguments: [String] = []
    /// What its environment has besides that of F2S.
    var environment: [String: String] = [:]
    /// The protocol that it speaks: `client.authentication.k8s.io/v1` or `…/v1beta1`.
    var apiVersion: String
    /// What to do about it when it is not there.
    var installHint: String?
    /// What it is told of the cluster; `nil`: nothing.
    var cluster: JSONValue?

    /// Protocols that F2S speaks.
    static let apiVersions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]

    /// What it is told, in `KUBERNETES_EXEC_INFO`.
    var info: JSONValue {
        var spec: JSONValue = ["interactive": false]
        spec["cluster"] = cluster
        return ["apiVersion": .string(apiVersion), "kind": "ExecCredential", "spec": spec]
    }
}
