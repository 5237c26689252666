import F2SModel
import Logging
import Synchronization

/// Runs replicas as pods: a Deployment and a Service per function.
///
/// What pods mean is decided by ``PodReading`` and ``TroubleBook``, what is to be written by ``WorkloadManifest`` and
/// ``WorkloadBook``; this is the shell around them. A function that nobody changes costs no call.
final class KubernetesRuntime: ReplicaRuntime {
    private struct State {
        var troubles = TroubleBook()
        var unready = UnreadyPods()
        var workloads = WorkloadBook()
        var deployments = ObjectIndex()
        var services = ObjectIndex()
        /// What the API server has refused, with the number of times in a row.
        var refusals: [Function.ID: (trouble: StartTrouble, attempts: Int)] = [:]

        /// Takes what the watches show.
        mutating func take(_ deployments: Reflection<ObservedObject>, _ services: Reflection<ObservedObject>) {
            workloads.note(changed: self.deployments.take(deployments).union(self.services.take(services)))
        }
    }

    /// What ``run()`` has to begin.
    private enum Work: Sendable {
        case workload(WorkloadBook.Work)
        case tail(PodFailure.Crash)
        case check(UnreadyPods.Question)
    }

    let client: KubernetesClient
    let options: KubernetesOptions
    let logger: Logger
    let pods: Reflector<PodObservation>
    let logRequests = PodLogRequests()
    private let deployments: Reflector<ObservedObject>
    private let services: Reflector<ObservedObject>
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
        deployments = Reflector(client, .deployments, namespace: namespace, selector: selector, logger: logger) {
            $0.name
        }
        services = Reflector(client, .services, namespace: namespace, selector: selector, logger: logger) { $0.name }
    }

    /// Works until the task is cancelled.
    func run() async {
        let check = PodCheck()
        await withDiscardingTaskGroup { group in
            group.addTask { await self.pods.run() }
            group.addTask { await self.deployments.run() }
            group.addTask { await self.services.run() }
            group.addTask { await self.logRequests.serve(self.serve) }
            group.addTask { for await _ in self.pods.latest.values() { self.wake.raise() } }
            group.addTask { for await _ in self.deployments.latest.values() { self.wake.raise() } }
            group.addTask { for await _ in self.services.latest.values() { self.wake.raise() } }
            group.addTask { for await _ in self.store.changes() { self.wake.raise() } }
            group.addTask { await self.tick() }
            for await _ in Signal.arrivals(of: [wake, election.changes]) {
                for work in look() { group.addTask { await self.carryOut(work, check) } }
            }
            group.cancelAll()
        }
        await check.shutdown()
    }

    /// Returns once every pod and Deployment has been read.
    func waitUntilLoaded() async {
        for await isLoaded in loaded.values() where isLoaded { return }
    }

    // MARK: The port

    var retirement: Retirement { .byPlatform }

    func apply(_ function: Function, count: Int, retiring: [Replica.ID]) async throws {
        state.withLock { state in
            state.workloads.wish(function, count: count)
            state.workloads.begin(function.id)
        }
        do {
            try await bring(WorkloadBook.Wish(function: function, count: count))
            finish(function, error: nil)
        } catch {
            finish(function, error: error)
            throw error
        }
    }

    func remove(_ id: Function.ID) async throws {
        state.withLock { state in
            state.workloads.forget(id)
            state.refusals[id] = nil
        }
        for (type, object) in objects(of: id) { try await delete(type, object) }
        guard objects(of: id).isEmpty, latest.current.replicas.contains(where: { $0.function == id }) else { return }
        // The Deployment is gone and its pods are not: somebody has deleted it without them.
        let orphans = try await client.list(
            .replicaSets, options.functionsNamespace, selector: ObjectLabel.selector(of: id), as: ObservedObject.self,
            priority: .housekeeping)
        for orphan in orphans.items { try await delete(.replicaSets, orphan) }
    }

    /// Deletes their pods. The ReplicaSet makes new ones, and each hook drains what else its replica has in flight.
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

    var currentOutage: String? { deployments.latest.current.trouble.map { Self.outage($0) } }

    func fetchOutage() async -> String? {
        do throws(KubernetesError) {
            _ = try await client.serverVersion(timeout: Self.outageTimeout)
            return nil
        } catch {
            // Whatever it answers, it is there.
            if case .status(let code, _, _, _) = error, code < 500 { return nil }
            return Self.outage(error)
        }
    }

    private static func outage(_ error: KubernetesError) -> String {
        "The cluster's API server cannot be reached: \("\(error)".sentence) Warm functions go on; nothing can be "
            + "started until it is back."
    }

    /// Time that the API server has to show that it is there.
    private static let outageTimeout = Duration.seconds(1)

    func fetchLeaving(_ id: Function.ID) async throws -> [Replica.ID] {
        let found = try await client.list(
            .pods, options.functionsNamespace, selector: ObjectLabel.selector(of: id), as: PodObservation.self,
            priority: .activation)
        return found.items.filter { $0.isDeleting && !$0.isOver }.map { Replica.ID($0.uid) }
    }

    func logs(of id: Function.ID, tail: Int, follow: Bool) -> AsyncStream<LogLine> {
        logRequests.add(id, tail: tail, follow: follow, linesMax: options.logLinesMax)
    }

    // MARK: Looking

    /// Works out what the watches show, publishes it, and says what is to be done.
    private func look() -> [Work] {
        let pods = pods.latest.current
        guard pods.isSynced, deployments.latest.current.isSynced, services.latest.current.isSynced else { return [] }
        let moment = Moment.now
        let startLimit = startLimits()
        let isLeader = election.isLeader
        // First what has departed: a function must not count as declared after it was told to have departed.
        let departed = store.takeDeparted()
        let declared = store.declared
        var crashed: [(pod: PodObservation, ending: PodObservation.Ending)] = []
        let work: [Work] = state.withLock { state in
            // Read under the lock: an older state would make every object count as changed.
            state.take(deployments.latest.current, services.latest.current)
            state.workloads.note(changed: departed)
            state.unready.take(
                pods.items.values, startLimit: startLimit, at: moment.steady)
            let reading = PodReading(
                pods: pods.items.values, deployments: state.deployments, unready: state.unready)
            crashed = state.unready.crashed
            state.troubles.take(reading.failures, at: moment)
            if let declared { state.refusals = state.refusals.filter { declared.contains($0.key) } }
            let refusals = state.refusals.mapValues(\.trouble)
            let troubles = state.troubles.troubles.merging(refusals) { _, refusal in refusal }
            let snapshot = ReplicaSnapshot(
                replicas: reading.replicas,
                troubles: isLeader ? troubles : troubles.merging(toldByLeader()) { own, _ in own },
                restarts: reading.restarts)
            // Publishing under the lock keeps the order of concurrent changes; it never waits.
            if snapshot != latest.current { latest.update { $0.update(to: snapshot) } }
            let tails =
                state.troubles.wanted.map { Work.tail($0) } + state.unready.wanted.map { Work.check($0) }
            guard isLeader else {
                state.workloads.forgetWishes()
                return tails
            }
            let observation = WorkloadBook.Observation(
                deployments: state.deployments, services: state.services, declared: declared)
            return tails
                + state.workloads.due(observation, at: moment.steady, making: manifest).map { Work.workload($0) }
        }
        if !loaded.current { loaded.publish(true) }
        if isLeader { for (pod, ending) in crashed { tell(of: ending, of: pod, at: moment) } }
        return work
    }

    /// How long the start of a function may take. Only functions with a pod that is not ready are asked for.
    private func startLimits() -> (Function.ID) -> UnreadyPods.StartLimit {
        let (standard, functions) = (options.startTimeout(), store.currentSnapshot)
        return { id in
            guard let declared = functions.function(of: id)?.target.startTimeout else {
                return UnreadyPods.StartLimit(time: standard)
            }
            return UnreadyPods.StartLimit(time: declared, isDeclared: true)
        }
    }

    /// Says that a replica has ended that took invocations: those whose invocations it had hear only that it broke off.
    private func tell(of ending: PodObservation.Ending, of pod: PodObservation, at moment: Moment) {
        guard let name = pod.function.flatMap({ store.currentSnapshot.function(of: $0) })?.name else { return }
        let message = PodFailure.restartMessage(of: pod, ending)
        events.record(
            Event(
                time: moment.wall, function: name.text, isWarning: true, reason: "ReplicaCrashed", message: message))
        logger.warning("\(message)", metadata: ["function": "\(name)", "reason": "ReplicaCrashed"])
    }

    /// What only the leader hears, because only it writes: the others read it in the function's status.
    private func toldByLeader() -> [Function.ID: StartTrouble] {
        var troubles: [Function.ID: StartTrouble] = [:]
        for function in store.failing {
            guard let condition = function.status.conditions.first(where: { $0.kind == .startFailed && $0.isTrue }),
                function.status.observedGeneration == function.generation,
                WorkloadError.reasons.contains(condition.reason)
            else { continue }
            troubles[function.id] = StartTrouble(
                stage: .scale, reason: condition.reason, message: condition.message, revision: function.revision,
                attempts: 1, nextAttempt: Double(condition.since) + 86_400, retryAfterSeconds: 30)
        }
        return troubles
    }

    private func tick() async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: .milliseconds(250)) } catch { return }
            let due = state.withLock {
                [$0.troubles.nextLook, $0.unready.nextLook, $0.workloads.nextLook].compactMap(\.self).min()
            }
            if let due, due <= Moment.now.steady { wake.raise() }
        }
    }

    private func carryOut(_ work: Work, _ check: PodCheck) async {
        switch work {
        case .tail(let crash):
            let lines = await fetchTail(of: crash)
            state.withLock { $0.troubles.take(tail: lines, of: crash) }
        case .check(let question):
            var finding = await check.findings(question)
            state.withLock { $0.unready.take(finding, of: question.key) }
            wake.raise()
            guard finding.answer != .accepts else { break }
            // A node that does not answer must not keep the finding back.
            finding.logTail = await fetchTail(of: question.podName)
            state.withLock { $0.unready.take(finding, of: question.key) }
        case .workload(.repair(let wish)):
            state.withLock { $0.workloads.begin(wish.function.id) }
            do {
                try await bring(wish)
                finish(wish.function, error: nil)
                logger.info(
                    "Its Deployment or Service was changed or deleted by somebody else, and is repaired",
                    metadata: ["function": "\(wish.function.name)"])
            } catch {
                finish(wish.function, error: error)
            }
        case .workload(.sweep(let type, let object)):
            do {
                guard try await sweep(type, object) else { break }
                logger.info("Swept the \(type.kind) \(object.name), whose function is gone")
            } catch {
                logger.debug("\(type.kind) \(object.name) could not be swept: \(error)")
            }
        }
        wake.raise()
    }
}

// MARK: - Writing

extension KubernetesRuntime {
    private func manifest(_ wish: WorkloadBook.Wish, _ type: ResourceType, _ object: ObservedObject?) -> JSONValue {
        let manifest = WorkloadManifest(
            function: wish.function,
            settings: WorkloadManifest.Settings(
                namespace: options.functionsNamespace, functionNamespace: options.namespace,
                drainAddress: options.drainAddress, requestTimeout: options.requestTimeout(),
                drainTimeout: options.drainTimeout(), imagePullSecrets: options.imagePullSecrets))
        return type == .services
            ? manifest.service(uid: object?.uid)
            : manifest.deployment(replicas: wish.count, keeping: object?.kept, uid: object?.uid)
    }

    private func bring(_ wish: WorkloadBook.Wish) async throws(WorkloadError) {
        let name = wish.function.name
        guard wish.function.target.image != nil else { throw .noImage(name) }
        // Replicas that run may go in any case.
        if wish.count > 0, let secret = wish.function.target.secrets.first(where: { !options.allowsSecret($0) }) {
            throw .secretNotAllowed(secret)
        }
        // Who waits for the first replica waits for the Deployment alone.
        try await bring(wish, .deployments, name: name.text, deployments)
        try await bring(wish, .services, name: WorkloadManifest.serviceName(of: name), services)
    }

    private func bring(
        _ wish: WorkloadBook.Wish, _ type: ResourceType, name: String, _ reflector: Reflector<ObservedObject>
    ) async throws(WorkloadError) {
        do throws(KubernetesError) {
            if let observed = reflector.latest.current.items[name], observed.function == wish.function.id {
                let wanted = manifest(wish, type, observed)
                if state.withLock({ $0.workloads.isSettled(observed, wanted) }) { return }
                do throws(KubernetesError) {
                    return try await write(wanted, wish, type, name: name, over: observed)
                } catch {
                    // The watch is late: it was deleted, or is another one by now.
                    guard error.isNotFound || error.isConflict else { throw error }
                }
            }
            var refusal: KubernetesError?
            for _ in 0..<Self.writesMax {
                let existing = try await fetch(type, name)
                // There is nobody in the way: it is the function itself that is refused.
                if existing == nil, let refusal, !refusal.isConflict { throw refusal }
                if let existing {
                    if existing.function == wish.function.id {
                        do throws(KubernetesError) {
                            return try await write(
                                manifest(wish, type, existing), wish, type, name: name, over: existing)
                        } catch {
                            // Its controller writes the status meanwhile, more often than not while it scales.
                            guard error.isNotFound || error.isConflict else { throw error }
                            continue
                        }
                    }
                    guard try await isOrphan(existing, of: wish.function.name) else {
                        throw KubernetesError.status(
                            code: 409, reason: Self.taken, message: existing.name, retryAfter: nil)
                    }
                    try await client.delete(
                        type, options.functionsNamespace, name, uid: existing.uid, priority: .activation,
                        timeout: try leadingTime())
                }
                do throws(KubernetesError) {
                    // Without force: what a stranger has made in this very moment is refused, not changed.
                    return try await write(manifest(wish, type, nil), wish, type, name: name, over: nil)
                } catch {
                    // A Deployment's selector cannot be changed: a stranger's may be called invalid instead.
                    guard error.isConflict || error.isInvalid else { throw error }
                    refusal = error
                }
            }
        } catch {
            if case .status(_, Self.taken, _, _) = error {
                throw .nameTaken(kind: type.kind, namespace: options.functionsNamespace, name: name)
            }
            throw WorkloadError(error)
        }
        throw .unsettled("The \(type.kind) \(name) is being changed by somebody else")
    }

    /// Attempts to write an object that others write too, each with the version that the object has by then.
    private static let writesMax = 5
    /// Word for an object that is a stranger's, on its way out of the calls of the API.
    private static let taken = "NameTaken"

    private func fetch(_ type: ResourceType, _ name: String) async throws(KubernetesError) -> ObservedObject? {
        do throws(KubernetesError) {
            return try await client.get(type, options.functionsNamespace, name, priority: .activation)
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }

    /// Whether an object is what an earlier function of the same name has left.
    private func isOrphan(_ object: ObservedObject, of name: FunctionName) async throws(KubernetesError) -> Bool {
        guard object.functionNamespace == options.namespace, let function = object.function,
            let declared = store.declared, !declared.contains(function)
        else { return false }
        return try await isGone(function, named: name.text)
    }

    /// Deletes what has run for a function that is gone.
    /// - Returns: whether it is gone.
    func sweep(_ type: ResourceType, _ object: ObservedObject) async throws(KubernetesError) -> Bool {
        guard let function = object.function,
            try await isGone(function, named: object.functionName ?? object.name)
        else { return false }
        try await delete(type, object)
        return true
    }

    /// Whether a function is declared no more, by the API server's own word: the watch of functions may be behind that
    /// of Deployments, and a function must not lose all that it runs for that.
    private func isGone(_ function: Function.ID, named name: String) async throws(KubernetesError) -> Bool {
        do throws(KubernetesError) {
            let found: JSONValue = try await client.get(
                .functions, options.namespace, name, priority: .housekeeping)
            let metadata = found["metadata"]
            return metadata?["uid"]?.text != function.text || metadata?["deletionTimestamp"] != nil
        } catch {
            if error.isNotFound { return true }
            throw error
        }
    }

    private func write(
        _ manifest: JSONValue, _ wish: WorkloadBook.Wish, _ type: ResourceType, name: String,
        over known: ObservedObject?
    ) async throws(KubernetesError) {
        var object = manifest
        // A process that leads no more may have a write under way. It is over when another one may lead, and names the
        // version that it has seen: what the next leader has written stays.
        if let version = known?.resourceVersion {
            var metadata = object["metadata"] ?? [:]
            metadata["resourceVersion"] = .string(version)
            object["metadata"] = metadata
        }
        let written = try await client.apply(
            type, options.functionsNamespace, name, object, force: known != nil,
            priority: wish.count > 0 ? .activation : .housekeeping, timeout: try leadingTime())
        guard let object = try? ObservedObject(written) else { return }
        state.withLock { $0.workloads.settle(object, manifest) }
    }

    /// Time that a write as the leader may take.
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

    private func objects(of id: Function.ID) -> [(ResourceType, ObservedObject)] {
        state.withLock { state in
            state.take(deployments.latest.current, services.latest.current)
            return state.deployments.objects(of: id).map { (.deployments, $0) }
                + state.services.objects(of: id).map { (.services, $0) }
        }
    }

    private func finish(_ function: Function, error: WorkloadError?) {
        let moment = Moment.now
        state.withLock { state in
            state.workloads.end(function.id, at: moment.steady)
            let attempts = (state.refusals[function.id]?.attempts ?? 0) + 1
            let trouble = error?.trouble(of: function.revision, attempts: attempts, at: moment.wall)
            state.refusals[function.id] = trouble.map { ($0, attempts) }
        }
        wake.raise()
    }
}
