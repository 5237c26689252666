/// Labels and annotations of a declaration (`metadata.labels`, `metadata.annotations`). The pods of the function carry
/// them; processes on Local have none, so there they mean nothing.
public struct FunctionMetadata: Sendable, Hashable {
    /// `metadata.labels`, without those that tools keep for themselves.
    public let labels: [String: String]
    /// `metadata.annotations`, without those that tools keep for themselves.
    public let annotations: [String: String]

    /// None.
    public static let none = FunctionMetadata()

    /// Drops what kubectl, Helm, Argo CD, Flux and F2S itself note for themselves: on a pod it would mislead them.
    public init(labels: [String: String] = [:], annotations: [String: String] = [:]) {
        self.labels = labels.filter { !Self.isBookkeeping($0.key) }
        self.annotations = annotations.filter { !Self.isBookkeeping($0.key) }
    }

    /// True if there are neither labels nor annotations.
    public var isEmpty: Bool { labels.isEmpty && annotations.isEmpty }

    /// Both, with the values of `newer` where both have a key.
    public func merging(_ newer: FunctionMetadata) -> FunctionMetadata {
        FunctionMetadata(
            labels: labels.merging(newer.labels) { _, new in new },
            annotations: annotations.merging(newer.annotations) { _, new in new })
    }

    /// Returns whether a tool keeps this key for itself.
    public static func isBookkeeping(_ key: String) -> Bool {
        if keys.contains(key) { return true }
        guard let slash = key.firstIndex(of: "/") else { return false }
        let domain = key[..<slash]
        return domains.contains { domain == $0 || domain.hasSuffix(".\($0)") }
    }

    /// Domains of which every key, and every key of a subdomain, is a tool's own.
    private static let domains = [
        "f2s.opensight.ch", "kubectl.kubernetes.io", "deployment.kubernetes.io", "helm.sh", "argocd.argoproj.io",
        "toolkit.fluxcd.io", "config.kubernetes.io", "config.k8s.io",
    ]

    /// Argo CD and Helm know by the first two what they manage, and would delete a Deployment that they do not know.
    private static let keys: Set<String> = [
        "app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "kubernetes.io/change-cause", "pod-template-hash",
        "controller-revision-hash",
    ]
}
