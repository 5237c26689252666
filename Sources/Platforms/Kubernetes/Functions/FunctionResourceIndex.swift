import F2SModel

/// The declared functions, computed from the existing resources. A value without I/O: ``KubernetesFunctionStore``
/// applies the latest state of the watch to it.
struct FunctionResourceIndex: Sendable {
    private struct Entry: Sendable {
        let function: Function
        /// The resource that `function` was made from. While the resource does not change, `function` stays the same in
        /// memory.
        let resource: FunctionResource
        let isRefused: Bool
    }

    /// The longest text of errors in a status, in characters.
    private static let messageMax = 2000

    /// All functions and rejections, as of the last ``apply(_:)``.
    private(set) var snapshot = FunctionSnapshot()
    /// The correct status of each resource whose status does not yet contain its rejection, or still contains an old
    /// one.
    private(set) var misjudged: [Function.ID: FunctionStatusDocument] = [:]
    /// All existing resources, including rejected ones.
    private(set) var declared: Set<Function.ID> = []
    /// The functions whose status reports that their newest start has failed.
    private(set) var failing: Set<Function.ID> = []
    /// The resources that have ceased to exist since the last ``popDeparted()``.
    private var departed: Set<Function.ID> = []
    private var entries: [Function.ID: Entry] = [:]
    private var refused: [Function.ID: (age: UInt64, rejection: Rejection)] = [:]
    private var births = BirthOrder()
    private var mark = MirroredCollection<FunctionResource>.Mark()
    /// All existing resources by name. This is a separate copy, because a dictionary that is shared with the mirror
    /// would be copied with each change.
    private var existing: [String: FunctionResource] = [:]

    /// Applies a state of the watch. The cost is proportional to the changes since the last call.
    mutating func apply(_ reflection: MirroredCollection<FunctionResource>) {
        var concerned = reflection.changes(since: mark) ?? Set(existing.keys).union(reflection.items.keys)
        var (before, now): (Set<Function.ID>, Set<Function.ID>) = ([], [])
        var (born, gone): ([BirthOrder.Birth], [BirthOrder.Birth]) = ([], [])
        for name in concerned {
            let (old, new) = (existing[name], Self.existing(name, in: reflection))
            existing[name] = new
            if let old { before.insert(old.id) }
            if let new { now.insert(new.id) }
            guard old?.birth != new?.birth else { continue }
            if let old { gone.append(old.birth) }
            if let new { born.append(new.birth) }
        }
        concerned.formUnion(births.update(adding: born, removing: gone))
        mark = reflection.mark

        let removed = before.subtracting(now)
        for id in removed { forget(id) }
        departed.formUnion(removed)
        var changed: [Function] = []
        for name in concerned.sorted() {
            guard let resource = existing[name] else { continue }
            apply(resource, age: births.age(of: resource.birth))
            if let function = entries[resource.id]?.function { changed.append(function) }
        }
        let rejections = refused.values.sorted { $0.age < $1.age }.map(\.rejection)
        snapshot.update(changed, removing: removed, rejections: rejections)
    }

    /// Returns the resources that have ceased to exist since the last call.
    mutating func popDeparted() -> Set<Function.ID> {
        defer { departed = [] }
        return departed
    }

    /// Returns the function with an identity; `nil` if there is none.
    func function(_ id: Function.ID) -> Function? { entries[id]?.function }

    private static func existing(_ name: String, in reflection: MirroredCollection<FunctionResource>)
        -> FunctionResource?
    {
        reflection.items[name].flatMap { $0.isDeleting ? nil : $0 }
    }

    private mutating func forget(_ id: Function.ID) {
        entries[id] = nil
        refused[id] = nil
        misjudged[id] = nil
        declared.remove(id)
        failing.remove(id)
    }

    private mutating func apply(_ resource: FunctionResource, age: UInt64) {
        let id = resource.id
        let known = entries[id]
        declared.insert(id)
        departed.remove(id)
        switch resource.reading {
        case .declared(let draft):
            entries[id] = entry(of: resource, draft, age: age, known: known)
            refused[id] = nil
            judge(resource, rejection: nil)
        case .refused(let errors):
            // The last good version keeps serving, as with a broken file on the Local platform.
            let isKept = known != nil
            entries[id] = known.map { kept($0, with: resource) }
            let text = String(errors.joinedClauses.prefix(Self.messageMax))
            let message =
                isKept ? "\(text.sentence) Until it is corrected the last good version stays." : text.sentence
            refused[id] = (age, Rejection(location: resource.location, message: message))
            judge(resource, rejection: message, isKept: isKept)
        }
        let conditions = entries[id]?.function.status.conditions ?? []
        if conditions.contains(where: { $0.kind == .startFailed && $0.isTrue }) {
            failing.insert(id)
        } else {
            failing.remove(id)
        }
    }

    private func entry(
        of resource: FunctionResource, _ draft: FunctionDraft, age: UInt64, known: Entry?
    ) -> Entry {
        if let known, !known.isRefused, known.function.age == age {
            // This is the most frequent case.
            if known.resource === resource { return known }
            if known.resource.status == resource.status, known.function.generation == resource.generation,
                known.function.draft == draft, known.resource.restartedAt == resource.restartedAt
            {
                return Entry(function: known.function, resource: resource, isRefused: false)
            }
        }
        // An unchanged draft stays the one in memory, which makes the next comparison cheap.
        let draft = known?.function.draft == draft ? known?.function.draft ?? draft : draft
        return Entry(
            function: Function(
                id: resource.id, draft: draft, generation: resource.generation,
                storeRevision: resource.storeRevision, age: age,
                origin: resource.origin, status: resource.status.status),
            resource: resource, isRefused: false)
    }

    /// Returns the last good version with the newest status.
    private func kept(_ known: Entry, with resource: FunctionResource) -> Entry {
        var function = known.function
        var document = resource.status
        // The rejection is added here, so that the operator reports it in `Ready` at once and not only after it is
        // written.
        if document.rejection == nil, case .refused(let errors) = resource.reading {
            document.rejection = errors.joinedClauses
        }
        if function.status != document.shown { function.status = document.shown }
        return Entry(function: function, resource: resource, isRefused: true)
    }

    /// Records the correct status if the resource's status is wrong about the rejection.
    private mutating func judge(_ resource: FunctionResource, rejection: String?, isKept: Bool = true) {
        guard resource.status.rejection != rejection else {
            misjudged[resource.id] = nil
            return
        }
        var document = resource.status
        document.rejection = rejection
        if !isKept, let rejection {
            // No other component writes the status of a function that cannot be served.
            document.status = FunctionStatus(
                observedGeneration: resource.generation,
                conditions: [Condition(.ready, isTrue: false, reason: "Refused", message: rejection, since: 0)])
        }
        misjudged[resource.id] = document
    }
}

extension FunctionResource {
    /// The creation second and the name, which determine the age.
    fileprivate var birth: BirthOrder.Birth { BirthOrder.Birth(name: name, second: Int64(created.seconds)) }
}
