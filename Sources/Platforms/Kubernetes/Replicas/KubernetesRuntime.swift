import F2SModel
import F2SSystem
import Logging
import Synchronization

/// Runs replicas as pods, with a Deployment, a Service and perhaps further objects per function.
///
/// ``PodReading`` and ``StartFailureTracker`` interpret the state of the pods. ``WorkloadManifest`` and
/// ``WorkloadReconciler`` decide which objects are written. This class performs the I/O. A function that does not
/// change causes no calls to the API server.
final class KubernetesRuntime: ReplicaRuntime {
    private struct State {
        var startFailures = StartFailureTracker()
        var unready = UnreadyPods()
        var workloads = WorkloadReconciler()
        var objects = WorkloadObjects()
        /// Start failures because of rejected writes, with the number of consecutive attempts.
        var rejections: [Function.ID: (startFailure: StartFailure, attempts: Int)] = [:]

        /// Applies the newest state of the watches.
        mutating func apply(_ reflectors: [ResourceType: Reflector<ObservedObject>]) {
            for (type, reflector) in reflectors {
                workloads.note(changed: objects.apply(reflector.latest.current, of: type))
            }
        }
    }

    /// A piece of work that ``run()`` starts.
    private enum Work: Sendable {
        case workload(WorkloadReconciler.Work)
        case tail(PodFailure.Crash)
        case check(UnreadyPods.Question)
    }

    let client: KubernetesClient
    let options: KubernetesOptions
    let logger: Logger
    let pods: Reflector<PodObservation>
    let logRequests = PodLogRequests()
    /// The watches of F2S' own objects.
    private let reflectors: [ResourceType: Reflector<ObservedObject>]
    private let store: KubernetesFunctionStore
    private let election: LeaseElection
    private let events: any Events
    private let state = Mutex(State())
    private let latest = Latest(ReplicaSnapshot())
    private let loaded = Latest(false)
    private let wake = Signal()

    init(
        client: KubernetesClient, options: KubernetesOptions, store: KubernetesFunctionStore,
        election: LeaseElection, events: any Events, logger: Logger
    ) {
        self.client = client
        self.options = options
        self.store = store
        self.election = election
        self.events = events
        self.logger = logger
        let selector = ObjectLabel.selector(functionNamespace: options.namespace)
        let namespace = options.functionsNamespace
        pods = Reflector(client, .pods, namespace: namespace, selector: selector, logger: logger) { $0.name }
        let watches = WorkloadObjects.types.map { type in
            (
                type,
                Reflector<ObservedObject>(client, type, namespace: namespace, selector: selector, logger: logger) {
                    $0.name
                }
            )
        }
        reflectors = Dictionary(uniqueKeysWithValues: watches)
    }

    /// Reconciles until the task is cancelled.
    func run() async {
        let check = PodCheck()
        await withDiscardingTaskGroup { group in
            group.addTask { await self.pods.run() }
            for reflector in self.reflectors.values {
                group.addTask { await reflector.run() }
                group.addTask { for await _ in reflector.latest.values() { self.wake.raise() } }
            }
            group.addTask { await self.logRequests.serve(self.serve) }
            group.addTask { for await _ in self.pods.latest.values() { self.wake.raise() } }
            group.addTask { for await _ in self.store.changes() { self.wake.raise() } }
            group.addTask { await self.tick() }
            for await _ in Signal.arrivals(of: [wake, election.changes]) {
                for work in reconcile() { group.addTask { await self.carryOut(work, check) } }
            }
            group.cancelAll()
        }
        await check.shutdown()
    }

    /// Returns when all pods, Deployments and Services have been read.
    func waitUntilLoaded() async {
        for await isLoaded in loaded.values() where isLoaded { return }
    }

    // MARK: The port

    var retirement: Retirement { .byPlatform }

    func apply(_ function: Function, _ count: ReplicaCount, retiring: [Replica.ID]) async throws {
        state.withLock { state in
            state.workloads.setDesired(function, count)
            state.workloads.begin(function.id)
        }
        do {
            try await ensure(WorkloadReconciler.Desired(function: function, count: count))
            finish(function, error: nil)
        } catch {
            finish(function, error: error)
            throw error
        }
    }

    func remove(_ id: Function.ID) async throws {
        state.withLock { state in
            state.workloads.forget(id)
            state.rejections[id] = nil
        }
        for (type, object) in objects(of: id) { try await delete(type, object) }
        guard objects(of: id).isEmpty, latest.current.replicas.contains(where: { $0.function == id }) else { return }
        // The Deployment no longer exists, but its pods do: a client has deleted it without them.
        let orphans = try await client.list(
            .replicaSets, options.functionsNamespace, selector: ObjectLabel.selector(of: id), as: ObservedObject.self,
            priority: .housekeeping)
        for orphan in orphans.items { try await delete(.replicaSets, orphan) }
    }

    /// Deletes the pods of the replicas. The ReplicaSet creates new ones, and `preStop` hooks drain the deleted ones.
    func replace(_ replicas: [Replica.ID], of id: Function.ID) async throws {
        let wanted = Set(replicas.map(\.text))
        for pod in pods.latest.current.items.values where wanted.contains(pod.uid) && !pod.isDeleting {
            do throws(KubernetesError) {
                try await client.delete(
                    .pods, options.functionsNamespace, pod.name, uid: pod.uid, priority: .activation,
                    timeout: try leadingTime())
            } catch {
                guard error.isNotFound || error.isConflict else { throw error }
            }
        }
    }

    func withReplicas<Result: Sendable>(
        _ body: @Sendable (Latest<ReplicaSnapshot>.Values) async throws -> Result
    ) async throws -> Result {
        await waitUntilLoaded()
        return try await body(latest.values())
    }

    var currentOutage: String? { reflectors[.deployments]?.latest.current.startFailure.map { Self.outage($0) } }

    func fetchOutage() async -> String? {
        do throws(KubernetesError) {
            _ = try await client.serverVersion(timeout: Self.outageTimeout)
            return nil
        } catch {
            // Any response with a status below 500 shows that the API server is reachable.
            if case .status(let code, _, _, _) = error, code < 500 { return nil }
            return Self.outage(error)
        }
    }

    private static func outage(_ error: KubernetesError) -> String {
        "The cluster's API server cannot be reached: \("\(error)".sentence) Warm functions continue to serve, but no "
            + "replica can start until it is reachable again."
    }

    /// Timeout for the check whether the API server is reachable.
    private static let outageTimeout = Duration.seconds(1)

    func logs(of id: Function.ID, tail: Int, follow: Bool) -> AsyncStream<LogLine> {
        logRequests.add(id, tail: tail, follow: follow, linesMax: options.logLinesMax)
    }

    // MARK: Reconciling

    /// Derives the replicas and failures from the watches, publishes them, and returns the work that is due.
    private func reconcile() -> [Work] {
        let pods = pods.latest.current
        // All other functions work without the rights that these types need.
        let isSynced = reflectors.allSatisfy { type, reflector in
            let state = reflector.latest.current
            return state.isSynced || WorkloadObjects.optionalTypes.contains(type) && state.startFailure != nil
        }
        guard pods.isSynced, isSynced else { return [] }
        let moment = Moment.now
        let startLimit = startLimits()
        let isLeader = election.isLeader
        // Departed functions are read before the declared ones. In the other order, a function that departs in between
        // would count as declared, and its objects would not be swept.
        let departed = store.popDeparted()
        let declared = store.declared
        var crashed: [(pod: PodObservation, ending: PodObservation.Ending)] = []
        let work: [Work] = state.withLock { state in
            // Read under the lock: an older state would mark all objects as changed.
            state.apply(reflectors)
            state.workloads.note(changed: departed)
            state.unready.update(
                pods.items.values, startLimit: startLimit, at: moment.steady)
            let reading = PodReading(
                pods: pods.items.values, deployments: state.objects[.deployments], unready: state.unready)
            crashed = state.unready.crashed
            state.startFailures.update(reading.failures, at: moment)
            if let declared { state.rejections = state.rejections.filter { declared.contains($0.key) } }
            let rejections = state.rejections.mapValues(\.startFailure)
            let startFailures = state.startFailures.startFailures.merging(rejections) { _, rejection in rejection }
            let snapshot = ReplicaSnapshot(
                replicas: reading.replicas,
                startFailures: isLeader ? startFailures : startFailures.merging(toldByLeader()) { own, _ in own },
                restarts: reading.restarts)
            // Publishing under the lock keeps the order of concurrent changes. It never blocks.
            if snapshot != latest.current { latest.update { $0.update(to: snapshot) } }
            let tails =
                state.startFailures.wanted.map { Work.tail($0) } + state.unready.wanted.map { Work.check($0) }
            guard isLeader else {
                state.workloads.forgetDesired()
                return tails
            }
            let observation = WorkloadReconciler.Observation(
                objects: state.objects, declared: declared, replicas: latest.current)
            return tails
                + state.workloads.due(observation, at: moment.steady, making: manifest).map { Work.workload($0) }
        }
        if !loaded.current { loaded.publish(true) }
        if isLeader { for (pod, ending) in crashed { emitEvent(of: ending, of: pod, at: moment) } }
        return work
    }

    /// Returns the start limits of functions. The result is called only for functions with a pod that is not ready.
    private func startLimits() -> (Function.ID) -> UnreadyPods.StartLimit {
        let (standard, functions) = (options.startTimeout(), store.currentSnapshot)
        return { id in
            guard let declared = functions.function(of: id)?.target.startTimeout else {
                return UnreadyPods.StartLimit(time: standard)
            }
            return UnreadyPods.StartLimit(time: declared, isDeclared: true)
        }
    }

    /// Emits an Event about the end of a replica that was ready. Clients only see that their invocations failed.
    private func emitEvent(of ending: PodObservation.Ending, of pod: PodObservation, at moment: Moment) {
        guard let name = pod.function.flatMap({ store.currentSnapshot.function(of: $0) })?.name else { return }
        let message = PodFailure.restartMessage(of: pod, ending)
        events.record(
            Event(
                time: moment.wall, function: name.text, isWarning: true, reason: "ReplicaCrashed", message: message))
        logger.warning("\(message)", metadata: ["function": "\(name)", "reason": "ReplicaCrashed"])
    }

    /// Returns the start failures in functions' statuses. Only the leader observes them, because only it writes
    /// objects.
    private func toldByLeader() -> [Function.ID: StartFailure] {
        var startFailures: [Function.ID: StartFailure] = [:]
        for function in store.failing {
            guard let condition = function.status.conditions.first(where: { $0.kind == .startFailed && $0.isTrue }),
                function.status.observedGeneration == function.generation,
                WorkloadError.reasons.contains(condition.reason)
            else { continue }
            startFailures[function.id] = StartFailure(
                stage: .scale, reason: condition.reason, message: condition.message, revision: function.revision,
                attempts: 1, nextAttempt: Double(condition.since) + 86_400, retryAfterSeconds: 30)
        }
        return startFailures
    }

    private func tick() async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: .milliseconds(250)) } catch { return }
            let due = state.withLock {
                [$0.startFailures.nextCheck, $0.unready.nextCheck, $0.workloads.nextCheck].compactMap(\.self).min()
            }
            if let due, due <= Moment.now.steady { wake.raise() }
        }
    }

    private func carryOut(_ work: Work, _ check: PodCheck) async {
        switch work {
        case .tail(let crash):
            let lines = await fetchTail(of: crash)
            state.withLock { $0.startFailures.record(tail: lines, of: crash) }
        case .check(let question):
            var finding = await check.findings(question)
            state.withLock { $0.unready.record(finding, of: question.key) }
            wake.raise()
            guard finding.answer != .accepts else { break }
            // A node that does not respond must not delay the finding.
            finding.logTail = await fetchTail(of: question.podName)
            state.withLock { $0.unready.record(finding, of: question.key) }
        case .workload(.repair(let desired)):
            state.withLock { $0.workloads.begin(desired.function.id) }
            do {
                try await ensure(desired)
                finish(desired.function, error: nil)
                logger.info(
                    "Another client changed or deleted an object of the function; F2S has restored it",
                    metadata: ["function": "\(desired.function.name)"])
            } catch {
                finish(desired.function, error: error)
            }
        // If it fails, it is repeated later.
        case .workload(.discard(let type, let object)): try? await delete(type, object)
        case .workload(.sweep(let type, let object)):
            do {
                guard try await sweep(type, object) else { break }
                logger.info("Deleted the \(type.kind) \(object.name), because its function no longer exists")
            } catch {
                logger.debug("\(type.kind) \(object.name) could not be deleted: \(error)")
            }
        }
        wake.raise()
    }
}

// MARK: - Writing

extension KubernetesRuntime {
    private func manifest(_ desired: WorkloadReconciler.Desired, _ type: ResourceType, _ object: ObservedObject?)
        -> JSONValue
    {
        let manifest = WorkloadManifest(
            function: desired.function,
            settings: WorkloadManifest.Settings(
                namespace: options.functionsNamespace, functionNamespace: options.namespace,
                drainAddress: options.drainAddress, requestTimeout: options.requestTimeout(),
                drainTimeout: options.drainTimeout(), imagePullSecrets: options.imagePullSecrets,
                runtimeImage: options.runtimeImage))
        return manifest.object(type, replicas: desired.replicas(over: object), over: object)
    }

    private func ensure(_ desired: WorkloadReconciler.Desired) async throws(WorkloadError) {
        let name = desired.function.name
        let target = desired.function.target
        guard WorkloadManifest.image(of: target, options.runtimeImage) != nil else {
            throw target.source?.runtime.map { .noRuntimeImage(name, $0) } ?? .noImage(name)
        }
        // Scaling to zero is always allowed.
        if desired.count.minimum > 0 { try checkSecrets(of: desired.function) }
        // Without an identity, the ServiceAccount stays until the function is removed: pods of the earlier revision may
        // need it.
        for (type, name) in WorkloadManifest.objects(of: desired.function) {
            guard let reflector = reflectors[type] else { continue }
            try await ensure(desired, type, name: name, reflector)
        }
    }

    private func ensure(
        _ desired: WorkloadReconciler.Desired, _ type: ResourceType, name: String,
        _ reflector: Reflector<ObservedObject>
    ) async throws(WorkloadError) {
        do throws(KubernetesError) {
            if let observed = reflector.latest.current.items[name], observed.function == desired.function.id {
                let wanted = manifest(desired, type, observed)
                if state.withLock({ $0.workloads.isReconciled(observed, wanted) }) { return }
                do throws(KubernetesError) {
                    return try await write(wanted, desired, type, name: name, over: observed)
                } catch {
                    // The watch is late: the object was deleted, or another one has its name by now.
                    guard error.isNotFound || error.isConflict else { throw error }
                }
            }
            var lastError: KubernetesError?
            for _ in 0..<Self.writesMax {
                let existing = try await fetch(type, name)
                // The watch should have reported the object.
                if let existing, existing.function == desired.function.id,
                    reflector.latest.current.items[name] == nil
                {
                    reflector.listAgain()
                }
                // No object has this name, so the API server rejects the manifest itself.
                if existing == nil, let lastError, !lastError.isConflict { throw lastError }
                if let existing {
                    if existing.function == desired.function.id {
                        do throws(KubernetesError) {
                            return try await write(
                                manifest(desired, type, existing), desired, type, name: name, over: existing)
                        } catch {
                            // The object's controller often updates the status while it scales.
                            guard error.isNotFound || error.isConflict else { throw error }
                            continue
                        }
                    }
                    guard try await isOrphan(existing, of: desired.function.name) else {
                        throw KubernetesError.status(
                            code: 409, reason: Self.taken, message: existing.name, retryAfter: nil)
                    }
                    try await client.delete(
                        type, options.functionsNamespace, name, uid: existing.uid, priority: .activation,
                        timeout: try leadingTime())
                }
                do throws(KubernetesError) {
                    // Without force, so that another program's new object causes a conflict.
                    return try await write(manifest(desired, type, nil), desired, type, name: name, over: nil)
                } catch {
                    // A Deployment's selector is immutable: another program's object may count as invalid.
                    guard error.isConflict || error.isInvalid else { throw error }
                    lastError = error
                }
            }
        } catch {
            if case .status(_, Self.taken, _, _) = error {
                throw .nameTaken(kind: type.kind, namespace: options.functionsNamespace, name: name)
            }
            throw WorkloadError(error)
        }
        throw .unsettled("The \(type.kind) \(name) is being changed by another client")
    }

    /// Maximum number of attempts to write an object. Each attempt names the current resource version.
    private static let writesMax = 5
    /// Internal reason for an object that F2S does not own, until it becomes a ``WorkloadError``.
    private static let taken = "NameTaken"

    private func fetch(_ type: ResourceType, _ name: String) async throws(KubernetesError) -> ObservedObject? {
        do throws(KubernetesError) {
            return try await client.get(type, options.functionsNamespace, name, priority: .activation)
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }

    /// Returns true if an earlier function of the same name has left the object.
    private func isOrphan(_ object: ObservedObject, of name: FunctionName) async throws(KubernetesError) -> Bool {
        guard object.functionNamespace == options.namespace, let function = object.function,
            let declared = store.declared, !declared.contains(function)
        else { return false }
        return try await isGone(function, named: name.text)
    }

    /// Deletes an object of a function that no longer exists.
    /// - Returns: true if the object is deleted, false if the function still exists.
    func sweep(_ type: ResourceType, _ object: ObservedObject) async throws(KubernetesError) -> Bool {
        guard let function = object.function,
            try await isGone(function, named: object.functionName ?? object.name)
        else { return false }
        try await delete(type, object)
        return true
    }

    private func write(
        _ manifest: JSONValue, _ desired: WorkloadReconciler.Desired, _ type: ResourceType, name: String,
        over known: ObservedObject?
    ) async throws(KubernetesError) {
        var object = manifest
        // A former leader may have a write in flight. The write times out before another process may lead, and it names
        // the resource version that was read, so that it cannot overwrite the next leader's changes.
        if let version = known?.resourceVersion {
            var metadata = object["metadata"] ?? [:]
            metadata["resourceVersion"] = .string(version)
            object["metadata"] = metadata
        }
        let written = try await client.apply(
            type, options.functionsNamespace, name, object, force: known != nil,
            priority: desired.count.minimum > 0 ? .activation : .housekeeping, timeout: try leadingTime())
        guard let object = try? ObservedObject(written) else { return }
        state.withLock { $0.workloads.markReconciled(object, manifest) }
    }

    /// Returns the timeout for a write as the leader.
    private func leadingTime() throws(KubernetesError) -> Duration {
        let remaining = election.remaining
        guard remaining > .zero else { throw .cancelled }
        return min(remaining, client.options.requestTimeout)
    }

    private func delete(_ type: ResourceType, _ object: ObservedObject) async throws(KubernetesError) {
        do throws(KubernetesError) {
            try await client.delete(
                type, options.functionsNamespace, object.name, uid: object.uid, priority: .housekeeping,
                timeout: try leadingTime())
        } catch {
            guard error.isNotFound || error.isConflict else { throw error }
        }
    }

    private func objects(of id: Function.ID) -> [(type: ResourceType, object: ObservedObject)] {
        state.withLock { state in
            state.apply(reflectors)
            return state.objects.objects(of: id)
        }
    }

    private func finish(_ function: Function, error: WorkloadError?) {
        let moment = Moment.now
        state.withLock { state in
            state.workloads.end(function.id, at: moment.steady)
            let attempts = (state.rejections[function.id]?.attempts ?? 0) + 1
            let startFailure = error?.startFailure(of: function.revision, attempts: attempts, at: moment.wall)
            state.rejections[function.id] = startFailure.map { ($0, attempts) }
        }
        wake.raise()
    }
}
