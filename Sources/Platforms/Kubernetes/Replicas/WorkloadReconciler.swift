import F2SModel

/// Compares the objects that the leader wants with those in the cluster, and decides which objects need a repair and
/// which belong to no function any more. A value without I/O.
struct WorkloadReconciler: Sendable {
    /// The function and number of replicas that the operator has requested last.
    struct Desired: Sendable {
        let function: Function
        let count: ReplicaCount

        /// Returns `spec.replicas` of the Deployment's manifest.
        ///
        /// If the cluster owns the number, the manifest repeats the existing Deployment's number. An omitted field
        /// would not do: the API server sets a field to its default if a manifest omits it and its only owner is F2S,
        /// and before Kubernetes 1.22 the `scale` subresource does not record an owner. Each write names the resource
        /// version, so it cannot undo a later change of the number.
        /// - Parameter deployment: the existing Deployment; `nil` if there is none.
        func replicas(over deployment: ObservedObject?) -> Int {
            switch count {
            case .fixed(let number): number
            case .byCluster: max(deployment?.replicas ?? 0, count.minimum)
            }
        }
    }

    /// A piece of work on an object.
    enum Work: Sendable {
        /// The object is missing, or differs from its manifest.
        case repair(Desired)
        /// No replica of the function needs the object any more.
        case discard(ResourceType, ObservedObject)
        /// The function of the object is no longer declared.
        case sweep(ResourceType, ObservedObject)
    }

    /// The observed state of the cluster.
    struct Observation: Sendable {
        let objects: WorkloadObjects
        /// Declared functions; `nil` if they are not known yet.
        let declared: Set<Function.ID>?
        /// The replicas that exist.
        let replicas: ReplicaSnapshot
    }

    /// The state of an object when it matched its manifest.
    private struct Reconciled: Sendable {
        let wanted: String
        let observed: String
        let generation: Int
    }

    private struct Repair: Sendable {
        var count = 0
        var notBefore = Duration.zero
    }

    /// Time at which ``due(_:at:making:)`` must be called again even if nothing has changed; `nil` if it need not.
    private(set) var nextCheck: Duration?
    private var desired: [Function.ID: Desired] = [:]
    /// Functions whose objects must be compared with the desired state.
    private var suspects: Set<Function.ID> = []
    /// Functions whose declaration must be checked, because objects without one are swept.
    private var strays: Set<Function.ID> = []
    /// True once all objects were checked under the current leadership.
    private var hasChecked = false
    private var reconciled: [String: Reconciled] = [:]
    private var repairs: [Function.ID: Repair] = [:]
    private var sweeps: [String: Duration] = [:]
    private var busy: [Function.ID: Int] = [:]

    /// Time after a write until the watch is expected to show it. No repair starts before.
    private static let echo = Duration.seconds(2)
    /// Time after which a failed deletion is repeated.
    private static let sweepInterval = Duration.seconds(10)
    /// Times between two repairs of one function. They grow if another client undoes each repair.
    private static let repairPauses = Backoff(base: .seconds(2), maximum: .seconds(60))
    /// Time after which an old repair no longer counts.
    private static let repairMemory = Duration.seconds(600)

    /// Sets the newest desired state of a function.
    mutating func setDesired(_ function: Function, _ count: ReplicaCount) {
        desired[function.id] = Desired(function: function, count: count)
        suspects.insert(function.id)
    }

    /// Removes the desired state of a function.
    mutating func forget(_ function: Function.ID) {
        desired[function] = nil
        repairs[function] = nil
        suspects.remove(function)
    }

    /// Removes all desired states, because another process leads.
    mutating func forgetDesired() {
        desired = [:]
        repairs = [:]
        sweeps = [:]
        suspects = []
        strays = []
        hasChecked = false
        nextCheck = nil
    }

    /// Marks functions for a check, because their objects have changed or they are no longer declared.
    mutating func note(changed functions: Set<Function.ID>) {
        suspects.formUnion(functions.filter { desired[$0] != nil })
        strays.formUnion(functions)
    }

    /// Marks the beginning of a write to the function's objects. Until ``end(_:at:)`` they are not checked, because the
    /// watch may show the state before or after the write.
    mutating func begin(_ function: Function.ID) { busy[function, default: 0] += 1 }

    /// Marks the end of a write to the function's objects.
    mutating func end(_ function: Function.ID, at now: Duration) {
        let count = (busy[function] ?? 1) - 1
        busy[function] = count > 0 ? count : nil
        guard desired[function] != nil else { return }
        suspects.insert(function)
        repairs[function, default: Repair()].notBefore = max(
            repairs[function]?.notBefore ?? .zero, now + Self.echo)
    }

    /// Returns true if an object matches its manifest, so that no write is needed.
    mutating func isReconciled(_ object: ObservedObject, _ manifest: JSONValue) -> Bool {
        let wanted = AppliedFields.digest(of: manifest)
        if let known = reconciled[object.uid], known.wanted == wanted {
            // The watch may still show a state from before the last write.
            if known.observed == object.digest || object.generation < known.generation { return true }
        }
        guard object.digest == wanted else { return false }
        reconciled[object.uid] = Reconciled(wanted: wanted, observed: object.digest, generation: object.generation)
        return true
    }

    /// Records that an object matches its manifest, even if the API server has changed fields of it: another write
    /// would change nothing.
    mutating func markReconciled(_ object: ObservedObject, _ manifest: JSONValue) {
        reconciled[object.uid] = Reconciled(
            wanted: AppliedFields.digest(of: manifest), observed: object.digest, generation: object.generation)
    }

    /// Returns the work that is due and marks it as begun. The cost is proportional to the number of changes, except
    /// for the first call.
    /// - Parameter making: returns the manifest of a desired object, given the existing one.
    mutating func due(
        _ observation: Observation, at now: Duration,
        making: (Desired, ResourceType, ObservedObject?) -> JSONValue
    ) -> [Work] {
        nextCheck = nil
        if !hasChecked { strays.formUnion(observation.objects.functions) }
        hasChecked = true
        return dueRepairs(observation, at: now, making: making) + dueSweeps(observation, at: now)
    }

    private mutating func dueRepairs(
        _ observation: Observation, at now: Duration, making: (Desired, ResourceType, ObservedObject?) -> JSONValue
    ) -> [Work] {
        var work: [Work] = []
        for id in suspects.sorted() where busy[id] == nil {
            guard let desired = desired[id], isDamaged(desired, observation, making: making) else {
                suspects.remove(id)
                continue
            }
            var repair = repairs[id] ?? Repair()
            guard now >= repair.notBefore else {
                schedule(at: repair.notBefore)
                continue
            }
            if now - repair.notBefore > Self.repairMemory { repair.count = 0 }
            repair.count += 1
            repair.notBefore = now + Self.repairPauses.pause(after: repair.count)
            repairs[id] = repair
            suspects.remove(id)
            work.append(.repair(desired))
        }
        return work
    }

    private mutating func dueSweeps(_ observation: Observation, at now: Duration) -> [Work] {
        guard let declared = observation.declared else { return [] }
        forgetGone(observation)
        var work: [Work] = []
        for id in strays.sorted() {
            let objects = observation.objects.objects(of: id)
            let isDeclared = declared.contains(id)
            let unneeded = isDeclared ? outdated(objects, of: id) : objects
            guard !unneeded.isEmpty else {
                strays.remove(id)
                continue
            }
            // Replicas of earlier revisions may still be started: the Deployment is being rolled out.
            if isDeclared, isRolling(id, observation.replicas) { continue }
            for (type, object) in unneeded {
                if let last = sweeps[object.uid], now - last < Self.sweepInterval {
                    schedule(at: last + Self.sweepInterval)
                    continue
                }
                sweeps[object.uid] = now
                work.append(isDeclared ? .discard(type, object) : .sweep(type, object))
            }
        }
        return work
    }

    /// Returns the ConfigMaps that only earlier revisions of a function need.
    private func outdated(
        _ objects: [(type: ResourceType, object: ObservedObject)], of id: Function.ID
    ) -> [(type: ResourceType, object: ObservedObject)] {
        guard let function = desired[id]?.function else { return [] }
        let current = function.target.source.map { FunctionSource($0).name(of: function.name) }
        return objects.filter { type, object in
            type == .configMaps && object.name != current && !FunctionSecretManifest.isRecord(object.name)
        }
    }

    /// Returns true if a write of the function's Deployment is under way, or if replicas of earlier revisions exist.
    private func isRolling(_ id: Function.ID, _ replicas: ReplicaSnapshot) -> Bool {
        guard let function = desired[id]?.function, busy[id] == nil, !suspects.contains(id) else { return true }
        return replicas[id].replicas.contains { $0.revision != function.revision }
    }

    private mutating func isDamaged(
        _ desired: Desired, _ observation: Observation, making: (Desired, ResourceType, ObservedObject?) -> JSONValue
    ) -> Bool {
        for (type, name) in WorkloadManifest.objects(of: desired.function) {
            guard let object = observation.objects[type][name], object.function == desired.function.id else {
                return true
            }
            // The common case, which needs no manifest.
            if let known = reconciled[object.uid],
                known.observed == object.digest || object.generation < known.generation
            {
                continue
            }
            if !isReconciled(object, making(desired, type, object)) { return true }
        }
        return false
    }

    private mutating func forgetGone(_ observation: Observation) {
        let count = observation.objects.count
        guard reconciled.count > 2 * count + 16 || sweeps.count > count + 16 else { return }
        let known = observation.objects.uids
        reconciled = reconciled.filter { known.contains($0.key) }
        sweeps = sweeps.filter { known.contains($0.key) }
    }

    private mutating func schedule(at due: Duration) { nextCheck = min(nextCheck ?? due, due) }
}
