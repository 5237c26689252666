import F2SModel

/// What the leader wants to run and what it has applied, against what the cluster shows: which objects need a repair,
/// and which belong to nobody any more. A value without I/O.
struct WorkloadBook: Sendable {
    /// What the operator has asked for last.
    struct Wish: Sendable {
        let function: Function
        let count: Int
    }

    /// Something to do about an object.
    enum Work: Sendable {
        /// It is missing, or no longer says what was applied.
        case repair(Wish)
        /// Its function is not declared any more.
        case sweep(ResourceType, ObservedObject)
    }

    /// What the cluster shows.
    struct Observation: Sendable {
        let deployments: ObjectIndex
        let services: ObjectIndex
        /// Functions that are declared; `nil`: not known yet.
        let declared: Set<Function.ID>?
    }

    /// An object as it was when it said what is wanted.
    private struct Settled: Sendable {
        let wanted: String
        let observed: String
        let generation: Int
    }

    private struct Repair: Sendable {
        var count = 0
        var notBefore = Duration.zero
    }

    /// When ``due(_:at:making:)`` should be asked again although nothing has changed; `nil`: never.
    private(set) var nextLook: Duration?
    private var wishes: [Function.ID: Wish] = [:]
    /// Functions with a wish whose objects are to be compared with it.
    private var suspects: Set<Function.ID> = []
    /// Functions whose objects are to be checked for a missing declaration.
    private var strays: Set<Function.ID> = []
    /// True once all objects were checked under the current leadership.
    private var hasLooked = false
    private var settled: [String: Settled] = [:]
    private var repairs: [Function.ID: Repair] = [:]
    private var sweeps: [String: Duration] = [:]
    private var busy: [Function.ID: Int] = [:]

    /// Time that the watch has to show what was written.
    private static let echo = Duration.seconds(2)
    /// Time after which a removal that did not work is tried again.
    private static let sweepInterval = Duration.seconds(10)
    /// Longest time between two repairs of one function: whoever undoes them is stronger.
    private static let repairIntervalMax = Duration.seconds(60)
    /// Time after which an old repair does not count any more.
    private static let repairMemory = Duration.seconds(600)

    /// The operator's newest word.
    mutating func wish(_ function: Function, count: Int) {
        wishes[function.id] = Wish(function: function, count: count)
        suspects.insert(function.id)
    }

    /// Nothing is wanted for the function any more.
    mutating func forget(_ function: Function.ID) {
        wishes[function] = nil
        repairs[function] = nil
        suspects.remove(function)
    }

    /// Another process decides.
    mutating func forgetWishes() {
        wishes = [:]
        repairs = [:]
        sweeps = [:]
        suspects = []
        strays = []
        hasLooked = false
        nextLook = nil
    }

    /// Objects of these functions have changed, or they are declared no more.
    mutating func note(changed functions: Set<Function.ID>) {
        suspects.formUnion(functions.filter { wishes[$0] != nil })
        strays.formUnion(functions)
    }

    /// Somebody works on the function's objects: what the watch shows meanwhile is neither old nor new.
    mutating func begin(_ function: Function.ID) { busy[function, default: 0] += 1 }

    /// That work is done.
    mutating func end(_ function: Function.ID, at now: Duration) {
        let count = (busy[function] ?? 1) - 1
        busy[function] = count > 0 ? count : nil
        guard wishes[function] != nil else { return }
        suspects.insert(function)
        repairs[function, default: Repair()].notBefore = max(
            repairs[function]?.notBefore ?? .zero, now + Self.echo)
    }

    /// Whether an object says what is wanted: then nothing is written.
    mutating func isSettled(_ object: ObservedObject, _ manifest: JSONValue) -> Bool {
        let wanted = AppliedFields.digest(of: manifest)
        if let known = settled[object.uid], known.wanted == wanted {
            // The watch may show a state from before the write that settled it.
            if known.observed == object.digest || object.generation < known.generation { return true }
        }
        guard object.digest == wanted else { return false }
        settled[object.uid] = Settled(wanted: wanted, observed: object.digest, generation: object.generation)
        return true
    }

    /// What the API server has made of a manifest counts as that manifest, even where it has changed it: to write it
    /// again would change nothing.
    mutating func settle(_ object: ObservedObject, _ manifest: JSONValue) {
        settled[object.uid] = Settled(
            wanted: AppliedFields.digest(of: manifest), observed: object.digest, generation: object.generation)
    }

    /// Returns the work that is due and marks it as begun. That costs what has changed, except the first time.
    /// - Parameter making: the Deployment and Service of a wish for the object that is there.
    mutating func due(
        _ observation: Observation, at now: Duration,
        making: (Wish, ResourceType, ObservedObject?) -> JSONValue
    ) -> [Work] {
        nextLook = nil
        if !hasLooked { strays.formUnion(observation.deployments.functions.union(observation.services.functions)) }
        hasLooked = true
        return dueRepairs(observation, at: now, making: making) + dueSweeps(observation, at: now)
    }

    private mutating func dueRepairs(
        _ observation: Observation, at now: Duration, making: (Wish, ResourceType, ObservedObject?) -> JSONValue
    ) -> [Work] {
        var work: [Work] = []
        for id in suspects.sorted() where busy[id] == nil {
            guard let wish = wishes[id], isDamaged(wish, observation, making: making) else {
                suspects.remove(id)
                continue
            }
            var repair = repairs[id] ?? Repair()
            guard now >= repair.notBefore else {
                look(at: repair.notBefore)
                continue
            }
            if now - repair.notBefore > Self.repairMemory { repair.count = 0 }
            repair.count += 1
            repair.notBefore = now + min(.seconds(1 << min(repair.count, 10)), Self.repairIntervalMax)
            repairs[id] = repair
            suspects.remove(id)
            work.append(.repair(wish))
        }
        return work
    }

    private mutating func dueSweeps(_ observation: Observation, at now: Duration) -> [Work] {
        guard let declared = observation.declared else { return [] }
        forgetGone(observation)
        var work: [Work] = []
        for id in strays.sorted() {
            let objects =
                observation.deployments.objects(of: id).map { (ResourceType.deployments, $0) }
                + observation.services.objects(of: id).map { (ResourceType.services, $0) }
            guard !objects.isEmpty, !declared.contains(id) else {
                strays.remove(id)
                continue
            }
            for (type, object) in objects {
                if let last = sweeps[object.uid], now - last < Self.sweepInterval {
                    look(at: last + Self.sweepInterval)
                    continue
                }
                sweeps[object.uid] = now
                work.append(.sweep(type, object))
            }
        }
        return work
    }

    private mutating func isDamaged(
        _ wish: Wish, _ observation: Observation, making: (Wish, ResourceType, ObservedObject?) -> JSONValue
    ) -> Bool {
        let name = wish.function.name
        let objects = [
            (ResourceType.deployments, observation.deployments[name.text]),
            (ResourceType.services, observation.services[WorkloadManifest.serviceName(of: name)]),
        ]
        for (type, object) in objects {
            guard let object, object.function == wish.function.id else { return true }
            // Most objects, most of the time: nothing is worked out for them.
            if let known = settled[object.uid], known.observed == object.digest || object.generation < known.generation
            {
                continue
            }
            if !isSettled(object, making(wish, type, object)) { return true }
        }
        return false
    }

    private mutating func forgetGone(_ observation: Observation) {
        let count = observation.deployments.count + observation.services.count
        guard settled.count > 2 * count + 16 || sweeps.count > count + 16 else { return }
        let known = Set(observation.deployments.uids).union(observation.services.uids)
        settled = settled.filter { known.contains($0.key) }
        sweeps = sweeps.filter { known.contains($0.key) }
    }

    private mutating func look(at due: Duration) { nextLook = min(nextLook ?? due, due) }
}
