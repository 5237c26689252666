import F2SModel

/// A Function resource of any namespace, as far as it matters for one that no F2S serves.
struct StrayFunction: Sendable, Hashable, Decodable {
    /// `metadata.name`.
    let name: String
    /// `metadata.namespace`.
    let namespace: String
    /// `metadata.uid`.
    let uid: String
    /// True if an installation has written a status.
    let isServed: Bool
    /// True if it is being deleted.
    let isDeleting: Bool

    private enum Key: String, CodingKey { case metadata, status }

    private struct Metadata: Decodable {
        let name: String
        let namespace: String?
        let uid: String
        let deletionTimestamp: Timestamp?
    }

    private struct Status: Decodable {
        struct Condition: Decodable {}
        let conditions: [Condition]?
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let metadata = try container.decode(Metadata.self, forKey: .metadata)
        (name, uid) = (metadata.name, metadata.uid)
        namespace = metadata.namespace ?? FunctionDraft.namespaceDefault
        isDeleting = metadata.deletionTimestamp != nil
        isServed = !((try? container.decode(Status.self, forKey: .status))?.conditions ?? []).isEmpty
    }

    init(name: String, namespace: String, uid: String, isServed: Bool = false, isDeleting: Bool = false) {
        (self.name, self.namespace, self.uid) = (name, namespace, uid)
        (self.isServed, self.isDeleting) = (isServed, isDeleting)
    }
}

/// Decides which Functions of other namespaces are to be told that nothing happens. A value without I/O.
///
/// Another installation may serve that namespace, and writes a status within seconds: a Function is told only when it
/// has had none for a while.
struct StrayBook: Sendable {
    /// Time that another installation has to write a status.
    static let patience = Duration.seconds(10)
    /// Functions that are told at once: a burst of them must not take the API server's time.
    static let batchMax = 10

    private let ownNamespace: String
    private let patience: Duration
    private var seen: [String: Duration] = [:]
    private var told: Set<String> = []

    /// - Parameter ownNamespace: where this installation looks for functions.
    init(ownNamespace: String, patience: Duration = StrayBook.patience) {
        self.ownNamespace = ownNamespace
        self.patience = patience
    }

    /// The Functions that are to be told now; each is told once.
    mutating func due(_ functions: some Collection<StrayFunction>, at now: Duration) -> [StrayFunction] {
        let strays = functions.filter { $0.namespace != ownNamespace && !$0.isServed && !$0.isDeleting }
        let known = Set(strays.map(\.uid))
        seen = seen.filter { known.contains($0.key) }
        told.formIntersection(known)
        var due: [StrayFunction] = []
        for stray in strays where !told.contains(stray.uid) {
            let since = seen[stray.uid] ?? now
            seen[stray.uid] = since
            if now - since >= patience { due.append(stray) }
        }
        due = Array(due.sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) }.prefix(Self.batchMax))
        told.formUnion(due.map(\.uid))
        return due
    }
}
