/// The replicas of all functions at one moment, and the reasons why functions have none.
///
/// A copy shares everything with its original. ``changes(since:)`` finds the functions that differ between two
/// snapshots of one runtime without comparing the others, regardless of their number.
public struct ReplicaSnapshot: Sendable {
    /// The replicas of one function.
    public struct Entry: Sendable, Hashable {
        /// The replicas that exist. A replica that is gone may be listed once more or not at all.
        public var replicas: [Replica]
        /// The failure of the last start; `nil` after a replica has become ready.
        public var startFailure: StartFailure?
        /// The failure that ended a replica which had accepted invocations, while the platform restarts it. Invocations
        /// wait for it as for a new replica; those that wait without success are answered with this failure.
        public var restart: StartFailure?

        /// Creates an entry, by default of a function without replicas.
        public init(replicas: [Replica] = [], startFailure: StartFailure? = nil, restart: StartFailure? = nil) {
            self.replicas = replicas
            self.startFailure = startFailure
            self.restart = restart
        }

        /// True if there are no replicas and no failures.
        var isEmpty: Bool { replicas.isEmpty && startFailure == nil && restart == nil }
    }

    /// The entries. They are large and rarely change, so a copy of the dictionary copies references.
    private var entries: [Function.ID: Boxed<Entry>] = [:]
    private var version = CollectionVersion<Function.ID>()

    /// Creates a snapshot.
    /// - Parameters:
    ///   - replicas: the replicas of all functions.
    ///   - startFailures: the failure of the last start, by function.
    ///   - restarts: the failure that ended a replica which is being restarted, by function.
    public init(
        replicas: [Replica] = [], startFailures: [Function.ID: StartFailure] = [:],
        restarts: [Function.ID: StartFailure] = [:]
    ) {
        let replicas = Dictionary(grouping: replicas, by: \.function)
        for id in Set(replicas.keys).union(startFailures.keys).union(restarts.keys) {
            let entry = Entry(replicas: replicas[id] ?? [], startFailure: startFailures[id], restart: restarts[id])
            entries[id] = Boxed(wrappedValue: entry)
        }
    }

    /// The replicas and failures of one function. Setting an equal value is not a change.
    public subscript(function: Function.ID) -> Entry {
        get { entries[function]?.wrappedValue ?? Entry() }
        set {
            guard newValue != self[function] else { return }
            entries[function] = newValue.isEmpty ? nil : Boxed(wrappedValue: newValue)
            version.record([function])
        }
    }

    /// Applies the entries of a snapshot with another history.
    public mutating func update(to newer: ReplicaSnapshot) {
        for id in newer.changes(since: self) { self[id] = newer[id] }
    }

    /// Returns the functions whose entries differ from those of an earlier snapshot. For two snapshots of one runtime,
    /// the cost is proportional to the number of changes. If they come from different runtimes, or the earlier one is
    /// too old, every entry is compared.
    public func changes(since earlier: ReplicaSnapshot) -> Set<Function.ID> {
        let candidates = version.keys(since: earlier.version) ?? functions.union(earlier.functions)
        return candidates.filter { entries[$0] != earlier.entries[$0] }
    }

    /// The functions that have replicas or failures.
    public var functions: Set<Function.ID> { Set(entries.keys) }

    /// All replicas, ordered by function. This property and the two below iterate over all entries.
    public var replicas: [Replica] {
        entries.sorted { $0.key < $1.key }.flatMap { $0.value.wrappedValue.replicas }
    }

    /// The failure of the last start, by function.
    public var startFailures: [Function.ID: StartFailure] { entries.compactMapValues { $0.wrappedValue.startFailure } }

    /// The failure that ended a replica which is being restarted, by function.
    public var restarts: [Function.ID: StartFailure] { entries.compactMapValues { $0.wrappedValue.restart } }
}

extension ReplicaSnapshot: Equatable {
    /// Returns true if all entries are equal. For snapshots of one runtime, only the changed entries are compared.
    public static func == (left: Self, right: Self) -> Bool {
        guard left.version != right.version else { return true }
        let changed = left.version.keys(since: right.version) ?? right.version.keys(since: left.version)
        return changed?.allSatisfy { left.entries[$0] == right.entries[$0] } ?? (left.entries == right.entries)
    }
}
