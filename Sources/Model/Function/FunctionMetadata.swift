/// The labels and annotations of a declaration (`metadata.labels`, `metadata.annotations`). The pods of the function
/// carry them. On Local they have no effect, because processes have no labels.
public struct FunctionMetadata: Sendable, Hashable {
    /// `metadata.labels`, without the keys that tools use for their own records.
    public let labels: [String: String]
    /// `metadata.annotations`, without the keys that tools use for their own records.
    public let annotations: [String: String]

    /// Metadata without labels and annotations.
    public static let none = FunctionMetadata()

    /// Creates metadata without the keys in which kubectl, Helm, Argo CD, Flux and F2S keep their own records. On a pod
    /// these keys would mislead the tools.
    public init(labels: [String: String] = [:], annotations: [String: String] = [:]) {
        self.labels = labels.filter { !Self.isBookkeeping($0.key) }
        self.annotations = annotations.filter { !Self.isBookkeeping($0.key) }
    }

    /// True if there are neither labels nor annotations.
    public var isEmpty: Bool { labels.isEmpty && annotations.isEmpty }

    /// Returns the union of both. Where both have a key, the value of `newer` applies.
    public func merging(_ newer: FunctionMetadata) -> FunctionMetadata {
        FunctionMetadata(
            labels: labels.merging(newer.labels) { _, new in new },
            annotations: annotations.merging(newer.annotations) { _, new in new })
    }

    /// Returns true if a tool uses this key for its own records.
    public static func isBookkeeping(_ key: String) -> Bool {
        if keys.contains(key) { return true }
        guard let slash = key.firstIndex(of: "/") else { return false }
        let domain = key[..<slash]
        return domains.contains { domain == $0 || domain.hasSuffix(".\($0)") }
    }

    /// Domains that belong to tools. Every key of such a domain or of its subdomains is the tool's own record.
    private static let domains = [
        "f2s.opensight.ch", "kubectl.kubernetes.io", "deployment.kubernetes.io", "helm.sh", "argocd.argoproj.io",
        "toolkit.fluxcd.io", "config.kubernetes.io", "config.k8s.io",
    ]

    /// Further keys of tools. Argo CD and Helm use the first two to find the objects that they manage, and would delete
    /// a Deployment with such a key that they did not create.
    private static let keys: Set<String> = [
        "app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "kubernetes.io/change-cause", "pod-template-hash",
        "controller-revision-hash",
    ]
}
