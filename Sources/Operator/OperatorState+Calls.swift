import F2SModel

// The calls to the platform, and their results.
extension OperatorState {
    /// Returns the calls that may begin now. Each must be completed with ``end(_:isSuccess:at:)``.
    /// - Parameter load: A load report that is newer than the dispatcher's snapshot of draining replicas.
    mutating func calls(_ load: LoadReport, at now: Duration) -> [OperatorCall] {
        var calls: [OperatorCall] = []
        for isUrgent in [true, false] {
            // At startup every function is due. The loop ends when the limiter has no capacity left.
            while limiter.hasCapacity(isUrgent: isUrgent), let id = queue.nextDue(isUrgent: isUrgent) {
                guard let index = indices[id] else { continue }
                applyIfDue(index, load, now, &calls)
                if retirement == .byPlatform { replaceIfDue(index, now, &calls) }
                // A function with a call in flight is examined again when that call ends.
                if states[index].isDue(at: now), !limiter.isBusy(.replicas(id)) { queue.delay(id) }
            }
        }
        for (id, departure) in departures.sorted(by: { $0.key < $1.key }) {
            removeIfDrained(id, departure, load, now, &calls)
        }
        // Statuses come last: thousands of them must not delay the calls about replicas.
        while limiter.hasCapacity(isUrgent: false), let id = queue.nextStatusDue() {
            guard let index = indices[id], states[index].isStatusDue else { continue }
            if limiter.begin(.status(id), at: now) {
                calls.append(.setStatus(states[index].status, id))
            } else if !limiter.isBusy(.status(id)) {
                queue.delayStatus(id)
            }
        }
        return calls
    }

    /// Records the result of a call.
    /// - Returns: True if the result is worth a log message: the first failure in a row, or the first success after
    ///   one.
    mutating func end(_ call: OperatorCall, isSuccess: Bool, at now: Duration) -> Bool {
        let isChange = limiter.end(call.subject, isSuccess: isSuccess, at: now)
        queue.add(call.function)
        switch call {
        case .apply(let function, let count, let retiring):
            guard let index = indices[function.id] else { break }
            states[index].applied = nil
            guard isSuccess else { break }
            states[index].retiring.removeAll { retiring.contains($0) }
            // If the function was edited in the meantime, the edit has not been sent yet.
            guard states[index].function.isDeclared(like: function) else { break }
            states[index].applied = FunctionState.Applied(count: count, at: now)
        case .replace(let replicas, let id):
            guard isSuccess, let index = indices[id] else { break }
            for replica in replicas { states[index].replacedAt[replica] = now }
        case .remove(let id):
            if isSuccess { departures[id]?.removedAt = now }
        case .setStatus(let status, let id):
            guard isSuccess, let index = indices[id] else { break }
            let before = states[index].function.status
            states[index].stored(status)
            // If another writer was later, its status must be overwritten.
            if let shown = functions.function(of: id)?.status, shown != before { states[index].stored(shown) }
        }
        return isChange
    }

    private mutating func applyIfDue(
        _ index: Int, _ load: LoadReport, _ now: Duration, _ calls: inout [OperatorCall]
    ) {
        // The function was edited after the last pass, so the plan counts replicas of the previous revision.
        guard states[index].isPlanned else { return }
        let isDue = states[index].isDue(at: now)
        // Most functions return here most of the time.
        guard isDue || !states[index].plan.draining.isEmpty else { return }
        let record = states[index]
        let limit = drainLimit(of: record.function)
        let retirable = record.plan.retirable(load: load.replicas, drainState: drainState, limit: limit, at: now)
        guard isDue || !retirable.isEmpty,
            limiter.begin(.replicas(record.function.id), isUrgent: record.isUrgent, at: now)
        else { return }
        drainState.retire(retirable)
        noteCuts(retirable, of: record.function.name.text, load, limit: limit)
        states[index].retiring += retirable
        let retiring = record.retiring + retirable
        calls.append(.apply(record.function, record.plan.told(retiring: retiring), retiring: retiring))
    }

    /// Adds a call that replaces unresponsive replicas, for a platform that chooses the replicas to stop by itself.
    private mutating func replaceIfDue(_ index: Int, _ now: Duration, _ calls: inout [OperatorCall]) {
        guard !states[index].plan.unresponsive.isEmpty else { return }
        let due = states[index].dueForReplacement(at: now)
        guard !due.isEmpty, limiter.begin(.replicas(states[index].function.id), at: now) else { return }
        calls.append(.replace(due, states[index].function.id))
    }

    private mutating func removeIfDrained(
        _ id: Function.ID, _ departure: Departure, _ load: LoadReport, _ now: Duration, _ calls: inout [OperatorCall]
    ) {
        if let removedAt = departure.removedAt, now - removedAt < FunctionState.repeatInterval { return }
        if retirement == .byPlatform, let since = departure.undeclaredSince, now - since < Self.unknownDeclarationGrace
        {
            return
        }
        // The function was deleted after the last pass, so its replicas do not drain yet.
        guard let plan = departure.plan else { return }
        let drained = plan.retirable(load: load.replicas, drainState: drainState, limit: departure.limit, at: now)
        guard drained.count == plan.draining.count, limiter.begin(.replicas(id), at: now) else { return }
        drainState.retire(drained)
        noteCuts(drained, of: departure.name, load, limit: departure.limit)
        calls.append(.remove(id))
    }

    /// Records the invocations in flight on replicas that are being stopped because their drain time has passed.
    private mutating func noteCuts(
        _ replicas: [Replica.ID], of function: String, _ load: LoadReport, limit: Duration
    ) {
        for id in replicas {
            guard let count = load.replicas[id]?.inFlight, count > 0 else { continue }
            metrics.countCut(count)
            cuts.append(
                Event(
                    time: wall, function: function, isWarning: true, reason: "InvocationsCut",
                    message:
                        "Replica \(id) is stopped with \(count) invocation\(count == 1 ? "" : "s") in flight, "
                        + "which did not end within the drain timeout of \(limit.humanText). Raise "
                        + "target.drainTimeout if they need longer."))
        }
    }

    /// Returns the events about cut invocations since the last call.
    mutating func popCuts() -> [Event] {
        defer { cuts = [] }
        return cuts
    }

    /// The time before an unknown function's replicas are removed. If several processes share a platform, a process may
    /// see a replica before it sees the replica's function.
    private static let unknownDeclarationGrace = Duration.seconds(30)
}
