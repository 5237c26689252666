/// The subject of a service account's token: `system:serviceaccount:NAMESPACE:NAME`, as Kubernetes writes it in tokens
/// and in RBAC.
struct ServiceAccountSubject {
    private static let prefix = "system:serviceaccount:"

    private let text: String
    private let namespace: Substring

    /// Reads a subject; `nil` if it is not that of a service account.
    init?(_ text: String) {
        guard text.hasPrefix(Self.prefix) else { return nil }
        let parts = text.dropFirst(Self.prefix.count).split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        self.text = text
        namespace = parts[0]
    }

    /// The groups of the account: those that Kubernetes gives it in RBAC, and one with its own name, so that an
    /// account can have privileges of its own.
    var groups: [String] { ["system:serviceaccounts", "system:serviceaccounts:\(namespace)", text] }
}
