import F2SManifest
import FoundationEssentials

extension ClusterAccess {
    /// Finds the API server: in the kubeconfig that is named, else in `$KUBECONFIG`, else in the pod that F2S runs in,
    /// else in `~/.kube/config`.
    /// - Parameters:
    ///   - kubeconfig: path; `nil`: none is named.
    ///   - context: of the kubeconfig; `nil`: its current one.
    /// - Throws: an error whose description says what is missing and what to do; not worth a retry.
    public static func load(
        kubeconfig: String?, context: String? = nil, environment: [String: String]
    ) throws -> ClusterAccess {
        if let kubeconfig { return try Kubeconfig(paths: [kubeconfig], isRequired: true).access(context: context) }
        if let list = environment["KUBECONFIG"], !list.isEmpty {
            let paths = list.split(separator: ":").map(String.init)
            return try Kubeconfig(paths: paths, isRequired: false).access(context: context)
        }
        if let inside = try inCluster(environment, folder: serviceAccountFolder) { return inside }
        if let home = environment["HOME"], FileManager.default.fileExists(atPath: "\(home)/.kube/config") {
            return try Kubeconfig(paths: ["\(home)/.kube/config"], isRequired: true).access(context: context)
        }
        throw KubernetesError.credentials(
            "No Kubernetes is known: F2S runs in no pod, and no kubeconfig is named. Name one with --kubeconfig or "
                + "KUBECONFIG.")
    }

    /// Where the kubelet puts the service account of a pod.
    static let serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// The API server of the pod that F2S runs in; `nil`: it runs in none.
    static func inCluster(
        _ environment: [String: String], folder: String
    ) throws(KubernetesError) -> ClusterAccess? {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
            let port = environment["KUBERNETES_SERVICE_PORT"].flatMap({ UInt16($0) })
        else { return nil }
        guard FileManager.default.fileExists(atPath: "\(folder)/token") else {
            throw .credentials(
                "The pod has no service account token in \(folder): set automountServiceAccountToken to true.")
        }
        let namespace = FileManager.default.contents(atPath: "\(folder)/namespace").map { data in
            String(decoding: data, as: UTF8.self).filter { !$0.isWhitespace }
        }
        return ClusterAccess(
            server: ServerEndpoint(host: host, port: Int(port)), trust: .authorities(.file("\(folder)/ca.crt")),
            identity: Identity(token: .file("\(folder)/token")), namespace: namespace,
            origin: "the pod's service account")
    }
}
