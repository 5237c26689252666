import F2SModel

/// What is declared, worked out from the resources that exist. A value without I/O: ``KubernetesFunctionStore`` feeds
/// it the latest state of the watch.
struct FunctionBook: Sendable {
    private struct Entry: Sendable {
        let function: Function
        /// What it was made from: while that is the same, the function is the same one in memory too.
        let resource: FunctionResource
        let isRefused: Bool
    }

    /// Characters of complaints that a status says.
    private static let complaintMax = 2000

    /// Every function and refusal, as of the last ``take(_:)``.
    private(set) var snapshot = FunctionSnapshot()
    /// Resources whose status does not yet say that they are refused, or still says so.
    private(set) var misjudged: [Function.ID: FunctionStatusDocument] = [:]
    /// Every resource that exists, those that were refused included.
    private(set) var declared: Set<Function.ID> = []
    /// Functions whose status says that their newest start has failed.
    private(set) var failing: Set<Function.ID> = []
    /// Resources that exist no more, since ``takeDeparted()`` was called last.
    private var departed: Set<Function.ID> = []
    private var entries: [Function.ID: Entry] = [:]
    private var refused: [Function.ID: (age: UInt64, refusal: Refusal)] = [:]
    private var births = BirthOrder()
    private var mark = Reflection<FunctionResource>.Mark()
    /// Every resource that exists. A copy of its own: one that is shared with the mirror would have to be copied with
    /// each change.
    private var existing: [String: FunctionResource] = [:]

    /// Works out what is declared. That costs what has changed since the last time.
    mutating func take(_ reflection: Reflection<FunctionResource>) {
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
            take(resource, age: births.age(of: resource.birth))
            if let function = entries[resource.id]?.function { changed.append(function) }
        }
        let refusals = refused.values.sorted { $0.age < $1.age }.map(\.refusal)
        snapshot.update(changed, removing: removed, refusals: refusals)
    }

    /// Resources that have ceased to exist since the last call.
    mutating func takeDeparted() -> Set<Function.ID> {
        defer { departed = [] }
        return departed
    }

    /// The function of that identity.
    func function(_ id: Function.ID) -> Function? { entries[id]?.function }

    private static func existing(_ name: String, in reflection: Reflection<FunctionResource>) -> FunctionResource? {
        reflection.items[name].flatMap { $0.isDeleting ? nil : $0 }
    }

    private mutating func forget(_ id: Function.ID) {
        entries[id] = nil
        refused[id] = nil
        misjudged[id] = nil
        declared.remove(id)
        failing.remove(id)
    }

    private mutating func take(_ resource: FunctionResource, age: UInt64) {
        let id = resource.id
        let known = entries[id]
        declared.insert(id)
        departed.remove(id)
        switch resource.reading {
        case .declared(let draft):
            entries[id] = entry(of: resource, draft, age: age, known: known)
            refused[id] = nil
            judge(resource, refusal: nil)
        case .refused(let complaints):
            // As with a broken file on Local: what was good until now goes on serving.
            let isKept = known != nil
            entries[id] = known.map { kept($0, with: resource) }
            let text = String(complaints.joinedClauses.prefix(Self.complaintMax))
            let message =
                isKept ? "\(text.sentence) Until it is corrected the last good version stays." : text.sentence
            refused[id] = (age, Refusal(place: resource.place, message: message))
            judge(resource, refusal: message, isKept: isKept)
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
            // Most resources, most of the time.
            if known.resource === resource { return known }
            if known.resource.status == resource.status, known.function.generation == resource.generation,
                known.function.draft == draft, known.resource.restartedAt == resource.restartedAt
            {
                return Entry(function: known.function, resource: resource, isRefused: false)
            }
        }
        // A draft that did not change stays the one in memory, which makes the next comparison cheap.
        let draft = known?.function.draft == draft ? known?.function.draft ?? draft : draft
        return Entry(
            function: Function(
                id: resource.id, draft: draft, generation: resource.generation,
                storeRevision: resource.storeRevision, age: age,
                origin: resource.origin, status: resource.status.status),
            resource: resource, isRefused: false)
    }

    /// The last good version with the newest status.
    private func kept(_ known: Entry, with resource: FunctionResource) -> Entry {
        var function = known.function
        var document = resource.status
        // The operator says in `Ready` that the declaration is refused, at once and not when that is written.
        if document.refusal == nil, case .refused(let complaints) = resource.reading {
            document.refusal = complaints.joinedClauses
        }
        if function.status != document.shown { function.status = document.shown }
        return Entry(function: function, resource: resource, isRefused: true)
    }

    /// Notes a status that says something else about the declaration than is true.
    private mutating func judge(_ resource: FunctionResource, refusal: String?, isKept: Bool = true) {
        guard resource.status.refusal != refusal else {
            misjudged[resource.id] = nil
            return
        }
        var document = resource.status
        document.refusal = refusal
        if !isKept, let refusal {
            // Nobody else writes about a function that cannot be served.
            document.status = FunctionStatus(
                observedGeneration: resource.generation,
                conditions: [Condition(.ready, isTrue: false, reason: "Refused", message: refusal, since: 0)])
        }
        misjudged[resource.id] = document
    }
}

extension FunctionResource {
    /// Creation second and name, which determine its age.
    fileprivate var birth: BirthOrder.Birth { BirthOrder.Birth(name: name, second: Int64(created.seconds)) }
}
