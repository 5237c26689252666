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
    private var entries: [Function.ID: Entry] = [:]

    /// Works out what is declared.
    mutating func take(_ resources: some Collection<FunctionResource>) {
        var newEntries: [Function.ID: Entry] = [:]
        newEntries.reserveCapacity(resources.count)
        var refusals: [Refusal] = []
        misjudged = [:]
        for (resource, age) in Self.aged(resources) {
            let known = entries[resource.id]
            switch resource.reading {
            case .declared(let draft):
                newEntries[resource.id] = entry(of: resource, draft, age: age, known: known)
                judge(resource, refusal: nil)
            case .refused(let complaints):
                // As with a broken file on Local: what was good until now goes on serving.
                let isKept = known != nil
                newEntries[resource.id] = known.map { kept($0, with: resource) }
                let text = String(complaints.joinedClauses.prefix(Self.complaintMax))
                let message =
                    isKept ? "\(text.sentence) Until it is corrected the last good version stays." : text.sentence
                refusals.append(Refusal(place: resource.place, message: message))
                judge(resource, refusal: message, isKept: isKept)
            }
        }
        entries = newEntries
        snapshot = FunctionSnapshot(functions: newEntries.values.map(\.function), refusals: refusals)
    }

    /// The function of that identity.
    func function(_ id: Function.ID) -> Function? { entries[id]?.function }

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
        guard resource.status.refusal != refusal else { return }
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

    /// Every resource with its age: the second of its creation in the high bits, then the order of names, which every
    /// process works out alike. Kubernetes knows no finer time.
    private static func aged(
        _ resources: some Collection<FunctionResource>
    ) -> [(resource: FunctionResource, age: UInt64)] {
        let sorted = resources.lazy.filter { !$0.isDeleting }.sorted {
            ($0.created.seconds, $0.name) < ($1.created.seconds, $1.name)
        }
        var result: [(resource: FunctionResource, age: UInt64)] = []
        result.reserveCapacity(sorted.count)
        var (second, rank) = (UInt64.max, UInt64(0))
        for resource in sorted {
            let created = UInt64(max(0, resource.created.seconds))
            rank = created == second ? rank + 1 : 0
            second = created
            result.append((resource, created << 24 | rank))
        }
        return result
    }
}
