import F2SModel

/// The parts of a Function resource of any namespace that show whether an F2S installation serves it.
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

/// Decides which Functions of other namespaces to report, because no F2S serves them. A value without I/O.
///
/// Another installation may serve such a namespace, and then writes a status within seconds. A Function is reported
/// only after it has had no status for a while.
struct StrayFunctionTracker: Sendable {
    /// The time that another installation has to write a status.
    static let gracePeriod = Duration.seconds(10)
    /// The largest number of Functions that are reported at once, so that a burst does not load the API server.
    static let batchMax = 10

    private let ownNamespace: String
    private let gracePeriod: Duration
    private var seen: [String: Duration] = [:]
    private var told: Set<String> = []

    /// - Parameter ownNamespace: the namespace that this installation serves.
    init(ownNamespace: String, timeout: Duration = StrayFunctionTracker.gracePeriod) {
        self.ownNamespace = ownNamespace
        self.gracePeriod = timeout
    }

    /// Returns the Functions to report now. Each Function is returned once.
    mutating func due(_ functions: some Collection<StrayFunction>, at now: Duration) -> [StrayFunction] {
        let strays = functions.filter { $0.namespace != ownNamespace && !$0.isServed && !$0.isDeleting }
        let known = Set(strays.map(\.uid))
        seen = seen.filter { known.contains($0.key) }
        told.formIntersection(known)
        var due: [StrayFunction] = []
        for stray in strays where !told.contains(stray.uid) {
            let since = seen[stray.uid] ?? now
            seen[stray.uid] = since
            if now - since >= gracePeriod { due.append(stray) }
        }
        due = Array(due.sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) }.prefix(Self.batchMax))
        told.formUnion(due.map(\.uid))
        return due
    }
}
