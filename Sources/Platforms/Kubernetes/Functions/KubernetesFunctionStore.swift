import F2SManifest
import F2SModel
import F2SSystem
import Logging
import Synchronization

/// A store of functions in custom resources. A watch reports the declarations, and every call goes to the API server.
final class KubernetesFunctionStore: FunctionStore {
    private let client: KubernetesClient
    private let namespace: String
    private let reflector: Reflector<FunctionResource>
    /// Returns the time for which this process may write as the leader; zero if it does not lead.
    private let leadingTime: @Sendable () -> Duration
    private let logger: Logger
    private let index = Mutex(FunctionResourceIndex())
    private let latest = Latest(FunctionSnapshot())
    private let synced = Latest(false)
    private let corrections = Signal()
    /// The receiver of the events about rejections.
    private let listener = Mutex<(any Events)?>(nil)

    /// The longest time that a call waits until the watch shows its effect.
    private static let echoTimeout = Duration.seconds(5)
    /// The largest number of attempts at a change while other clients keep changing the resource.
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

    /// Reports rejections to `events` from now on. This is not a parameter of `init`, because `events` needs the UIDs
    /// that the store provides.
    func report(to events: any Events) { listener.withLock { $0 = events } }

    // MARK: Watching

    /// Watches the resources until the task is cancelled. While the API server cannot be reached, the last state is
    /// kept.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.reflector.run() }
            group.addTask { await self.correctMisjudged() }
            for await reflection in reflector.latest.values() where reflection.isSynced {
                applyChanges()
                corrections.raise()
            }
            group.cancelAll()
        }
    }

    /// Returns once every resource has been read.
    func waitUntilLoaded() async {
        for await isSynced in synced.values() where isSynced { return }
    }

    /// The UIDs of all existing resources, including rejected ones; `nil` until all have been read.
    var declared: Set<Function.ID>? {
        guard reflector.latest.current.isSynced else { return nil }
        applyChanges()
        return index.withLock { $0.declared }
    }

    /// Returns the UIDs of resources that have ceased to exist since the last call.
    func popDeparted() -> Set<Function.ID> { index.withLock { $0.popDeparted() } }

    /// The functions whose status reports that their newest start has failed.
    var failing: [Function] {
        index.withLock { index in index.failing.sorted().compactMap { index.function($0) } }
    }

    /// The newest snapshot of the functions. It is empty until all resources have been read.
    var currentSnapshot: FunctionSnapshot { latest.current }

    /// Returns the UID of the function with a name; `nil` if there is none.
    func uid(named name: String) -> String? { reflector.latest.current.items[name]?.uid }

    /// Yields the current snapshot and, after each change, the newest one.
    func changes() -> Latest<FunctionSnapshot>.Values { latest.values() }

    /// Publishes the functions in the current state of the watch.
    private func applyChanges() {
        index.withLock { index in
            // The state is read under the lock, so that of two concurrent calls neither publishes an older state.
            index.apply(reflector.latest.current)
            // Publishing under the lock keeps the order of concurrent changes. It never waits.
            if index.snapshot != latest.current { latest.publish(index.snapshot) }
        }
        if !synced.current { synced.publish(true) }
    }

    /// Corrects wrong rejections in the status of resources. A slow API server does not delay the snapshots meanwhile.
    private func correctMisjudged() async {
        for await _ in corrections.arrivals() {
            // A status that could not be written is written with the next change.
            for id in index.withLock({ Array($0.misjudged.keys) }) where leadingTime() > .zero {
                // The newest document is read here, because an older one would overwrite a status that was written
                // meanwhile.
                if let document = index.withLock({ $0.misjudged[id] }) { await correct(document, of: id) }
            }
        }
    }

    // MARK: The port

    func create(_ draft: FunctionDraft, by user: String?) async throws -> Function {
        let draft = try checked(draft)
        var object = try tree(of: draft)
        Self.record(user, in: &object)
        Self.recordEdit(by: user, generation: 1, in: &object)
        do throws(KubernetesError) {
            let created = try await client.create(.functions, namespace, object, priority: .activation)
            return try await stored(created)
        } catch {
            throw storeError(error, about: draft.name)
        }
    }

    func replace(_ draft: FunctionDraft, ifRevision: StoreRevision?, by user: String?) async throws -> Function {
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
                // Labels and annotations that the draft does not name stay, because other clients add theirs. The rest
                // of the declaration is replaced.
                var metadata = object["metadata"] ?? [:]
                for (name, values) in [("labels", draft.metadata.labels), ("annotations", draft.metadata.annotations)]
                where !values.isEmpty {
                    var members = metadata[name] ?? [:]
                    for (key, value) in values { members[key] = .string(value) }
                    metadata[name] = members
                }
                object["metadata"] = metadata
                // The API server increments the generation if one of these differs.
                let isSame = object["spec"] == declaration["spec"] && object["target"] == declaration["target"]
                object["spec"] = declaration["spec"]
                object["target"] = declaration["target"]
                Self.record(user, in: &object)
                Self.recordEdit(by: user, generation: current.generation + (isSame ? 0 : 1), in: &object)
                do throws(KubernetesError) {
                    let replaced = try await client.replace(
                        .functions, namespace, draft.name.text, object, priority: .activation)
                    return try await stored(replaced)
                } catch {
                    // A status was written in between. The next attempt reads the resource again and detects other
                    // changes.
                    guard error.isConflict, attempt < Self.triesMax else { throw error }
                }
            }
        } catch let error as KubernetesError {
            throw storeError(error, about: draft.name)
        }
        throw StoreError.unavailable("\(draft.name) is being changed by another client")
    }

    func restart(_ name: FunctionName, by user: String?) async throws -> Function {
        do {
            for attempt in 1... {
                var object: JSONValue = try await client.get(.functions, namespace, name.text, priority: .activation)
                var annotations = object["metadata"]?["annotations"] ?? .object([:])
                let last = annotations[FunctionResource.restartAnnotation]?.text
                let now = TimeText.utc(secondsSince1970: Moment.now.wall)
                // Two restarts may happen in the same millisecond.
                annotations[FunctionResource.restartAnnotation] = .string(now == last ? now + "+" : now)
                object["metadata"]?["annotations"] = annotations
                Self.record(user, in: &object)
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
        throw StoreError.unavailable("\(name) is being changed by another client")
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
            // The patches are compared, because a value that the API does not store would be written again for ever.
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
                    throw StoreError.unavailable("The status of \(resource.location) could not be written: \(error)")
                }
                // The resource has changed since, or another one has its name. The watch will show it.
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
        if let name = index.withLock({ $0.function(id)?.name.text }), let found = reflector.latest.current.items[name],
            found.id == id
        {
            return found
        }
        return reflector.latest.current.items.values.first { $0.id == id }
    }

    /// Writes a status as the leader. A process that has lost its leadership may still have such a write in flight. The
    /// write ends before another process may lead, and it names the version that was read, so that it cannot overwrite
    /// the status of the next leader.
    private func write(_ document: FunctionStatusDocument, to resource: FunctionResource) async throws(KubernetesError)
    {
        let time = leadingTime()
        guard time > .zero else { throw .cancelled }
        _ = try await client.merge(
            .functions, namespace, resource.name, subresource: "status",
            document.patch(uid: resource.uid, version: resource.resourceVersion), priority: .housekeeping,
            timeout: min(time, client.options.requestTimeout))
    }

    /// Adds the rejection to the status of a rejected resource, or removes it from the status of an accepted one.
    private func correct(_ document: FunctionStatusDocument, of id: Function.ID) async {
        guard let resource = resource(id) else { return }
        let now = Int64(Moment.now.wall)
        var document = document
        if resource.status.rejection == nil { document.refusedSince = now }
        for index in document.status.conditions.indices where document.status.conditions[index].since == 0 {
            document.status.conditions[index].since = now
        }
        do {
            try await write(document, to: resource)
        } catch {
            logger.debug("The status of \(resource.location) could not be written: \(error)")
            return
        }
        let event =
            if let rejection = document.rejection {
                Event(
                    time: Moment.now.wall, function: resource.name, isWarning: true,
                    reason: Condition.Kind.refused.rawValue, message: rejection)
            } else {
                Event(
                    time: Moment.now.wall, function: resource.name, reason: "RefusedResolved",
                    message: "\(resource.name): the declaration is accepted again.")
            }
        listener.withLock { $0 }?.record(event)
    }

    /// Returns the draft as this store keeps it, with the store's namespace.
    /// - Throws: ``StoreError/invalid(_:)`` with the errors in the draft.
    private func checked(_ draft: FunctionDraft) throws(StoreError) -> FunctionDraft {
        var errors = draft.fieldErrors()
        var draft = draft
        // A manifest that names no namespace has the default one.
        if draft.namespace == FunctionDraft.namespaceDefault { draft.namespace = namespace }
        if draft.namespace != namespace {
            errors.append(
                FieldError(
                    field: "metadata.namespace", value: draft.namespace,
                    requirement: "be \(namespace), the namespace that this F2S serves"))
        }
        guard errors.isEmpty else { throw .invalid(errors) }
        return draft
    }

    private func tree(of draft: FunctionDraft) throws(StoreError) -> JSONValue {
        do {
            return try JSONValue(decoding: Array(ManifestWriter().json(draft).utf8))
        } catch {
            throw .unavailable("\(draft.name) cannot be written as JSON: \(error)")
        }
    }

    /// Records the caller who changes a resource. A change without a known caller removes the record, which would be
    /// wrong otherwise.
    private static func record(_ user: String?, in object: inout JSONValue) {
        var annotations = object["metadata"]?["annotations"] ?? [:]
        guard user != nil || annotations[FunctionResource.changedByAnnotation] != nil else { return }
        annotations[FunctionResource.changedByAnnotation] = user.map { .string($0) }
        object["metadata"]?["annotations"] = annotations
    }

    /// Records the time and the caller of a change that produces a generation.
    private static func recordEdit(by user: String?, generation: Int, in object: inout JSONValue) {
        var annotations = object["metadata"]?["annotations"] ?? [:]
        let edit = Function.Edit(time: Moment.now.wall, user: user)
        annotations[ResourceEdit.annotation] = .string(ResourceEdit.text(generation: generation, edit))
        object["metadata"]?["annotations"] = annotations
    }

    private static func resource(_ object: JSONValue) throws(KubernetesError) -> FunctionResource {
        do {
            return try object.decoded(as: FunctionResource.self)
        } catch {
            throw .malformed("The API server's Function cannot be read: \(error)")
        }
    }

    /// Returns the stored function once the snapshots contain it, so that the caller finds it there afterwards.
    private func stored(_ object: JSONValue) async throws(KubernetesError) -> Function {
        let resource = try Self.resource(object)
        await echo { reflection in
            guard let shown = reflection.items[resource.name] else { return false }
            // Labels and annotations do not change the generation.
            return shown.uid != resource.uid || shown.generation > resource.generation
                || (shown.generation == resource.generation && shown.reading == resource.reading
                    && shown.restartedAt == resource.restartedAt)
        }
        if let function = index.withLock({ $0.function(resource.id) }), function.generation >= resource.generation,
            function.origin.restartedAt == resource.restartedAt
        {
            return function
        }
        // The watch is late, or the resource was deleted meanwhile.
        guard case .declared(let draft) = resource.reading else {
            throw .malformed(
                "\(resource.location) was not stored as it was written: an admission controller has changed it")
        }
        return Function(
            id: resource.id, draft: draft, generation: resource.generation, storeRevision: resource.storeRevision,
            age: UInt64(max(0, resource.created.seconds)) << 24,
            origin: resource.origin, status: resource.status.status)
    }

    /// Waits until the watch and the snapshot show the effect of a call, at most ``echoTimeout``. The call has
    /// succeeded even if the watch does not show it.
    private func echo(_ isShown: @escaping @Sendable (MirroredCollection<FunctionResource>) -> Bool) async {
        await withTimeout(Self.echoTimeout) { [reflector] in
            // Before the first list, the absence of a resource means nothing.
            for await reflection in reflector.latest.values() where reflection.isSynced && isShown(reflection) {
                self.applyChanges()
                return
            }
        }
    }

    private func storeError(_ error: KubernetesError, about name: FunctionName) -> StoreError {
        if error.isNotFound { return .notFound(name) }
        if error.isAlreadyExists { return .alreadyExists(name) }
        if case .status(let code, _, let message, _) = error, code == 422 || code == 400 {
            return .invalid([
                FieldError(
                    field: "metadata.name", value: name.text,
                    requirement: "name a declaration that the API server accepts; it answered: \(message)")
            ])
        }
        return .unavailable("\(error)")
    }
}
