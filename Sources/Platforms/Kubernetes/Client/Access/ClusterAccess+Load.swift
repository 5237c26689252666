import F2SManifest
import F2SSystem
import FoundationEssentials

extension ClusterAccess {
    /// Finds the API server. The sources are, in this order: the kubeconfig that is named, `$KUBECONFIG`, the service
    /// account of the pod that F2S runs in, and `~/.kube/config`.
    /// - Parameters:
    ///   - kubeconfig: the path of a kubeconfig; `nil` if none is named.
    ///   - context: the name of a context in the kubeconfig; `nil`: the current one.
    /// - Throws: an error whose description names the missing part and the remedy. It is not worth a retry.
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
            "F2S found no Kubernetes cluster: it does not run in a pod, and no kubeconfig is named. Name one with "
                + "--kubeconfig or KUBECONFIG.")
    }

    /// The folder into which the kubelet mounts the service account of a pod.
    static let serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// Returns the access by the service account of the pod that F2S runs in; `nil` if F2S does not run in a pod.
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
        let namespace = (try? ReadableFile.read("\(folder)/namespace", bytesMax: 1024)).map { bytes in
            String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
        }
        return ClusterAccess(
            server: ServerEndpoint(host: host, port: Int(port)), trust: .authorities(.file("\(folder)/ca.crt")),
            identity: Identity(token: .file("\(folder)/token")), namespace: namespace,
            origin: "the pod's service account")
    }
}
