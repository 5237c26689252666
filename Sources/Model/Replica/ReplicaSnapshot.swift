/// The replicas of every function at one moment, and why functions have none.
///
/// A copy shares everything with its original. The functions that differ in two snapshots of one runtime are found by
/// ``changes(since:)`` without a look at the others, however many run.
public struct ReplicaSnapshot: Sendable {
    /// The replicas of one function.
    public struct Entry: Sendable, Hashable {
        /// The replicas that exist; one that is gone may be listed once more or not at all.
        public var replicas: [Replica]
        /// Why the last start failed. It leaves when a replica is ready.
        public var trouble: StartTrouble?
        /// Why a replica that took invocations has ended, while the platform starts it again. Callers wait for it as
        /// for a new one; those who wait in vain are told this.
        public var restart: StartTrouble?

        /// The replicas of a function, by default of one that has none.
        public init(replicas: [Replica] = [], trouble: StartTrouble? = nil, restart: StartTrouble? = nil) {
            self.replicas = replicas
            self.trouble = trouble
            self.restart = restart
        }

        /// True if there is nothing to know.
        var isEmpty: Bool { replicas.isEmpty && trouble == nil && restart == nil }
    }

    /// Entries are large and rarely change: a copy of the dictionary copies references.
    private var entries: [Function.ID: Boxed<Entry>] = [:]
    private var version = CollectionVersion<Function.ID>()

    /// A snapshot.
    /// - Parameters:
    ///   - troubles: why the last start of functions failed.
    ///   - restarts: why replicas ended that are started again.
    public init(
        replicas: [Replica] = [], troubles: [Function.ID: StartTrouble] = [:],
        restarts: [Function.ID: StartTrouble] = [:]
    ) {
        let replicas = Dictionary(grouping: replicas, by: \.function)
        for id in Set(replicas.keys).union(troubles.keys).union(restarts.keys) {
            let entry = Entry(replicas: replicas[id] ?? [], trouble: troubles[id], restart: restarts[id])
            entries[id] = Boxed(wrappedValue: entry)
        }
    }

    /// The replicas of one function. Setting an equal value is no change.
    public subscript(function: Function.ID) -> Entry {
        get { entries[function]?.wrappedValue ?? Entry() }
        set {
            guard newValue != self[function] else { return }
            entries[function] = newValue.isEmpty ? nil : Boxed(wrappedValue: newValue)
            version.record([function])
        }
    }

    /// Takes over the entries of a snapshot with another history.
    public mutating func update(to newer: ReplicaSnapshot) {
        for id in newer.changes(since: self) { self[id] = newer[id] }
    }

    /// The functions whose entries differ from those of an earlier snapshot. That costs what has changed where both
    /// come from one runtime, and a look at every entry where they do not, or where it is too long ago.
    public func changes(since earlier: ReplicaSnapshot) -> Set<Function.ID> {
        let candidates = version.keys(since: earlier.version) ?? functions.union(earlier.functions)
        return candidates.filter { entries[$0] != earlier.entries[$0] }
    }

    /// The functions that have replicas or trouble.
    public var functions: Set<Function.ID> { Set(entries.keys) }

    /// Every replica, by function. This walks over all of them, as the two below do.
    public var replicas: [Replica] {
        entries.sorted { $0.key < $1.key }.flatMap { $0.value.wrappedValue.replicas }
    }

    /// Why the last start of functions failed.
    public var troubles: [Function.ID: StartTrouble] { entries.compactMapValues { $0.wrappedValue.trouble } }

    /// Why replicas ended that are started again.
    public var restarts: [Function.ID: StartTrouble] { entries.compactMapValues { $0.wrappedValue.restart } }
}

extension ReplicaSnapshot: Equatable {
    /// Returns true if every entry is equal. Of snapshots of one runtime only the changed entries are compared.
    public static func == (left: Self, right: Self) -> Bool {
        guard left.version != right.version else { return true }
        let changed = left.version.keys(since: right.version) ?? right.version.keys(since: left.version)
        return changed?.allSatisfy { left.entries[$0] == right.entries[$0] } ?? (left.entries == right.entries)
    }
}
