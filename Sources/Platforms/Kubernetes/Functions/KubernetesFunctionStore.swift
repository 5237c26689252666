import F2SManifest
import F2SModel
import Logging
import Synchronization

/// Custom resources as the store of functions: a watch tells what is declared, and every call goes to the API server.
final class KubernetesFunctionStore: FunctionStore {
    private let client: KubernetesClient
    private let namespace: String
    private let reflector: Reflector<FunctionResource>
    /// Time for which this process may write as the leader; zero: it does not lead.
    private let leadingTime: @Sendable () -> Duration
    private let logger: Logger
    private let book = Mutex(FunctionBook())
    private let latest = Latest(FunctionSnapshot())
    private let synced = Latest(false)
    private let corrections = Signal()
    /// Who is told of refusals.
    private let listener = Mutex<(any Events)?>(nil)

    /// Longest time that a call waits until the watch has shown its effect.
    private static let echoTimeout = Duration.seconds(5)
    /// Tries of a change that others keep changing the resource under.
    private static let triesMax = 5

    init(
        client: KubernetesClient, namespace: String, leadingTime: @escaping @Sendable () -> Duration, logger: Logger
    ) {
        self.client = client
        self.namespace = namespace
        self.leadingTime = leadingTime
        self.logger = logger
        reflector = Reflector(
            client, .functions, namespace: namespace, logger: logger,
            sharing: { FunctionResource($0, sharing: $1) }, key: { $0.name })
    }

    /// Tells of refusals from now on. It comes after the store, because an event bears the uid that the store knows.
    func report(to events: any Events) { listener.withLock { $0 = events } }

    // MARK: Watching

    /// Watches until the task is cancelled. The last state stands while the API server is away.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.reflector.run() }
            group.addTask { await self.correctMisjudged() }
            for await reflection in reflector.latest.values() where reflection.isSynced {
                take()
                corrections.raise()
            }
            group.cancelAll()
        }
    }

    /// Returns once every resource has been read.
    func waitUntilLoaded() async {
        for await isSynced in synced.values() where isSynced { return }
    }

    /// The UIDs of every resource that exists, those that were refused included; `nil` until all have been read.
    var declared: Set<Function.ID>? {
        guard reflector.latest.current.isSynced else { return nil }
        take()
        return book.withLock { $0.declared }
    }

    /// The UIDs of resources that have ceased to exist since the last call.
    func takeDeparted() -> Set<Function.ID> { book.withLock { $0.takeDeparted() } }

    /// The functions whose status says that their newest start has failed.
    var failing: [Function] {
        book.withLock { book in book.failing.sorted().compactMap { book.function($0) } }
    }

    /// The newest functions, in whatever state they are.
    var currentSnapshot: FunctionSnapshot { latest.current }

    /// The UID of a function by its name.
    func uid(named name: String) -> String? { reflector.latest.current.items[name]?.uid }

    /// Once per change of what is declared.
    func changes() -> Latest<FunctionSnapshot>.Values { latest.values() }

    /// Works out and publishes what the watch shows now.
    private func take() {
        book.withLock { book in
            // Read under the lock: of two who are here, neither brings back an older state.
            book.take(reflector.latest.current)
            // Publishing under the lock keeps the order of concurrent changes; it never waits.
            if book.snapshot != latest.current { latest.publish(book.snapshot) }
        }
        if !synced.current { synced.publish(true) }
    }

    /// Says in resources what is true of them; an API server that is slow to take it keeps nobody from hearing news.
    private func correctMisjudged() async {
        for await _ in corrections.arrivals() {
            // One that could not be written is written with the next change.
            for id in book.withLock({ Array($0.misjudged.keys) }) where leadingTime() > .zero {
                // The newest word: an older one would replace what has been written meanwhile.
                if let document = book.withLock({ $0.misjudged[id] }) { await correct(document, of: id) }
            }
        }
    }

    // MARK: The port

    func create(_ draft: FunctionDraft) async throws -> Function {
        let draft = try checked(draft)
        let object = try tree(of: draft)
        do throws(KubernetesError) {
            let created = try await client.create(.functions, namespace, object, priority: .activation)
            return try await stored(created)
        } catch {
            throw storeError(error, about: draft.name)
        }
    }

    func replace(_ draft: FunctionDraft, ifRevision: StoreRevision?) async throws -> Function {
        let draft = try checked(draft)
        let declaration = try tree(of: draft)
        do {
            for attempt in 1... {
                var object: JSONValue = try await client.get(
                    .functions, namespace, draft.name.text, priority: .activation)
                let current = try Self.resource(object)
                if let ifRevision, ifRevision != current.storeRevision {
                    throw StoreError.conflict(current: current.storeRevision)
                }
                var wanted = draft
                if case .declared(let known) = current.reading {
                    wanted.metadata = known.metadata.merging(draft.metadata)
                }
                if current.reading == .declared(wanted) { return try await stored(object) }
                // Labels and annotations that the draft does not name stay, because others add theirs; the rest of the
                // declaration is replaced whole.
                var metadata = object["metadata"] ?? [:]
                for (name, values) in [("labels", draft.metadata.labels), ("annotations", draft.metadata.annotations)]
                where !values.isEmpty {
                    var members = metadata[name] ?? [:]
                    for (key, value) in values { members[key] = .string(value) }
                    metadata[name] = members
                }
                object["metadata"] = metadata
                object["spec"] = declaration["spec"]
                object["target"] = declaration["target"]
                do throws(KubernetesError) {
                    let replaced = try await client.replace(
                        .functions, namespace, draft.name.text, object, priority: .activation)
                    return try await stored(replaced)
                } catch {
                    // A status was written in between; whether it was more, the next look tells.
                    guard error.isConflict, attempt < Self.triesMax else { throw error }
                }
            }
        } catch let error as KubernetesError {
            throw storeError(error, about: draft.name)
        }
        throw StoreError.unavailable("\(draft.name) is being changed by somebody else")
    }

    func restart(_ name: FunctionName) async throws -> Function {
        do {
            for attempt in 1... {
                var object: JSONValue = try await client.get(.functions, namespace, name.text, priority: .activation)
                var annotations = object["metadata"]?["annotations"] ?? .object([:])
                let last = annotations[FunctionResource.restartAnnotation]?.text
                let now = TimeText.utc(secondsSince1970: Moment.now.wall)
                // Two of them may fall into one millisecond.
                annotations[FunctionResource.restartAnnotation] = .string(now == last ? now + "+" : now)
                object["metadata"]?["annotations"] = annotations
                do throws(KubernetesError) {
                    let replaced = try await client.replace(
                        .functions, namespace, name.text, object, priority: .activation)
                    return try await stored(replaced)
                } catch {
                    // A status was written in between.
                    guard error.isConflict, attempt < Self.triesMax else { throw error }
                }
            }
        } catch let error as KubernetesError {
            throw storeError(error, about: name)
        }
        throw StoreError.unavailable("\(name) is being changed by somebody else")
    }

    func delete(_ name: FunctionName, ifRevision: StoreRevision?) async throws {
        do {
            for attempt in 1... {
                let object: JSONValue = try await client.get(.functions, namespace, name.text, priority: .activation)
                let current = try Self.resource(object)
                if let ifRevision, ifRevision != current.storeRevision {
                    throw StoreError.conflict(current: current.storeRevision)
                }
                do throws(KubernetesError) {
                    try await client.delete(
                        .functions, namespace, name.text, uid: current.uid,
                        resourceVersion: ifRevision == nil ? nil : object["metadata"]?["resourceVersion"]?.text,
                        priority: .activation)
                    await echo { reflection in
                        guard let shown = reflection.items[name.text] else { return true }
                        return shown.uid != current.uid || shown.isDeleting
                    }
                    return
                } catch {
                    guard error.isConflict, attempt < Self.triesMax else { throw error }
                }
            }
        } catch let error as KubernetesError {
            throw storeError(error, about: name)
        }
    }

    func setStatus(_ status: FunctionStatus, of id: Function.ID) async throws {
        for attempt in 1... {
            guard let resource = resource(id) else { return }
            let document = resource.status.with(status)
            // Compared as it would be written: what the API cannot hold must not be written for ever.
            guard document.patch(uid: id.text) != resource.status.patch(uid: id.text) else { return }
            do throws(KubernetesError) {
                try await write(document, to: resource)
                return await echo { reflection in
                    guard let shown = reflection.items[resource.name], shown.uid == id.text else { return true }
                    return shown.status.status == document.status
                }
            } catch {
                if error.isNotFound { return }
                guard error.isConflict, attempt < Self.triesMax else {
                    throw StoreError.unavailable("The status of \(resource.place) could not be written: \(error)")
                }
                // It has changed since, or it is another one of the same name. The watch will show it.
                await echo { $0.items[resource.name]?.resourceVersion != resource.resourceVersion }
            }
        }
    }

    func withSnapshots<Result: Sendable>(
        _ body: @Sendable (Latest<FunctionSnapshot>.Values) async throws -> Result
    ) async throws -> Result {
        await waitUntilLoaded()
        return try await body(latest.values())
    }
}

// MARK: - Parts of calls

extension KubernetesFunctionStore {
    private func resource(_ id: Function.ID) -> FunctionResource? {
        if let name = book.withLock({ $0.function(id)?.name.text }), let found = reflector.latest.current.items[name],
            found.id == id
        {
            return found
        }
        return reflector.latest.current.items.values.first { $0.id == id }
    }

    /// Writes a status as the leader. A process that leads no more may have such a write under way: it is over when
    /// another one may lead, and names the version that it has seen, so that what the next leader has written stays.
    private func write(_ document: FunctionStatusDocument, to resource: FunctionResource) async throws(KubernetesError)
    {
        let time = leadingTime()
        guard time > .zero else { throw .cancelled }
        _ = try await client.merge(
            .functions, namespace, resource.name, subresource: "status",
            document.patch(uid: resource.uid, version: resource.resourceVersion), priority: .housekeeping,
            timeout: min(time, client.options.requestTimeout))
    }

    /// Says in a refused resource that it is refused, and in one that is so no longer that it is not.
    private func correct(_ document: FunctionStatusDocument, of id: Function.ID) async {
        guard let resource = resource(id) else { return }
        let now = Int64(Moment.now.wall)
        var document = document
        if resource.status.refusal == nil { document.refusedSince = now }
        for index in document.status.conditions.indices where document.status.conditions[index].since == 0 {
            document.status.conditions[index].since = now
        }
        do {
            try await write(document, to: resource)
        } catch {
            logger.debug("The status of \(resource.place) could not be written: \(error)")
            return
        }
        let event =
            if let refusal = document.refusal {
                Event(
                    time: Moment.now.wall, function: resource.name, isWarning: true,
                    reason: Condition.Kind.refused.rawValue, message: refusal)
            } else {
                Event(
                    time: Moment.now.wall, function: resource.name, reason: "RefusedResolved",
                    message: "\(resource.name): the declaration is accepted again.")
            }
        listener.withLock { $0 }?.record(event)
    }

    /// The draft as this store keeps it: complaints are thrown, and the namespace is the store's own.
    private func checked(_ draft: FunctionDraft) throws(StoreError) -> FunctionDraft {
        var complaints = draft.complaints()
        var draft = draft
        // A manifest that names no namespace says the default one.
        if draft.namespace == FunctionDraft.namespaceDefault { draft.namespace = namespace }
        if draft.namespace != namespace {
            complaints.append(
                FieldComplaint(
                    field: "metadata.namespace", value: draft.namespace,
                    requirement: "be \(namespace), where this F2S looks for functions"))
        }
        guard complaints.isEmpty else { throw .invalid(complaints) }
        return draft
    }

    private func tree(of draft: FunctionDraft) throws(StoreError) -> JSONValue {
        do {
            return try JSONValue(decoding: Array(ManifestWriter().json(draft).utf8))
        } catch {
            throw .unavailable("\(draft.name) cannot be written as JSON: \(error)")
        }
    }

    private static func resource(_ object: JSONValue) throws(KubernetesError) -> FunctionResource {
        do {
            return try object.decoded(as: FunctionResource.self)
        } catch {
            throw .malformed("The API server's Function cannot be read: \(error)")
        }
    }

    /// The function as the snapshots show it: who has been told that it is stored finds it there.
    private func stored(_ object: JSONValue) async throws(KubernetesError) -> Function {
        let resource = try Self.resource(object)
        await echo { reflection in
            guard let shown = reflection.items[resource.name] else { return false }
            // Labels and annotations are no part of the generation.
            return shown.uid != resource.uid || shown.generation > resource.generation
                || (shown.generation == resource.generation && shown.reading == resource.reading
                    && shown.restartedAt == resource.restartedAt)
        }
        if let function = book.withLock({ $0.function(resource.id) }), function.generation >= resource.generation,
            function.origin.restartedAt == resource.restartedAt
        {
            return function
        }
        // The watch is late, or somebody has deleted it meanwhile.
        guard case .declared(let draft) = resource.reading else {
            throw .malformed("\(resource.place) is not stored as it was written: another admission has changed it")
        }
        return Function(
            id: resource.id, draft: draft, generation: resource.generation, storeRevision: resource.storeRevision,
            age: UInt64(max(0, resource.created.seconds)) << 24,
            origin: resource.origin, status: resource.status.status)
    }

    /// Waits until the watch shows what a call has done, and the snapshot with it. Not for ever: the call has succeeded
    /// whatever the watch does.
    private func echo(_ isShown: @escaping @Sendable (Reflection<FunctionResource>) -> Bool) async {
        await Patience.run(atMost: Self.echoTimeout) { [reflector] in
            for await reflection in reflector.latest.values() where isShown(reflection) {
                self.take()
                return
            }
        }
    }

    private func storeError(_ error: KubernetesError, about name: FunctionName) -> StoreError {
        if error.isNotFound { return .notFound(name) }
        if error.isAlreadyExists { return .alreadyExists(name) }
        if case .status(let code, _, let message, _) = error, code == 422 || code == 400 {
            return .invalid([
                FieldComplaint(
                    field: "metadata.name", value: name.text,
                    requirement: "name a declaration that the API server accepts, which says: \(message)")
            ])
        }
        return .unavailable("\(error)")
    }
}
