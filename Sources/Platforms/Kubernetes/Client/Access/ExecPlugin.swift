/// A program that provides credentials (`client.authentication.k8s.io`).
struct ExecPlugin: Sendable, Hashable {
    /// The path of the program, or a name that is searched in `PATH`.
    var command: String
    /// The arguments.
    var arguments: [String] = []
    /// The environment variables in addition to those of F2S.
    var environment: [String: String] = [:]
    /// The version of the protocol: `client.authentication.k8s.io/v1` or `…/v1beta1`.
    var apiVersion: String
    /// The advice to show if the program cannot be run.
    var installHint: String?
    /// The description of the cluster that the program receives; `nil`: none.
    var cluster: JSONValue?

    /// The versions of the protocol that F2S supports.
    static let apiVersions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]

    /// The input of the program, which it receives in `KUBERNETES_EXEC_INFO`.
    var info: JSONValue {
        var spec: JSONValue = ["interactive": false]
        spec["cluster"] = cluster
        return ["apiVersion": .string(apiVersion), "kind": "ExecCredential", "spec": spec]
    }
}
