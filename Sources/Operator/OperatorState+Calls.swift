import F2SModel

// What the platform must be asked for, and what it has answered.
extension OperatorState {
    /// The calls that may begin now; each must be ended by ``end(_:isSuccess:at:)``.
    /// - Parameter load: a report taken after the dispatcher was told which replicas drain.
    mutating func calls(_ load: LoadReport, at now: Duration) -> [OperatorCall] {
        var calls: [OperatorCall] = []
        for isUrgent in [true, false] {
            // At the start every function is due: those that find no room are not looked at.
            while book.hasRoom(isUrgent: isUrgent), let id = queue.nextDue(isUrgent: isUrgent) {
                guard let place = index[id] else { continue }
                applyIfDue(place, load, now, &calls)
                if retirement == .byPlatform { replaceIfDue(place, now, &calls) }
                // A function whose call is under way is looked at when that has ended.
                if records[place].isDue(at: now), !book.isBusy(.replicas(id)) { queue.delay(id) }
            }
        }
        for (id, departure) in departures.sorted(by: { $0.key < $1.key }) {
            removeIfDrained(id, departure, load, now, &calls)
        }
        // Statuses come last: thousands of them must not hold up what runs.
        while book.hasRoom(isUrgent: false), let id = queue.nextStatusDue() {
            guard let place = index[id], records[place].isStatusDue else { continue }
            if book.begin(.status(id), at: now) {
                calls.append(.setStatus(records[place].status, id))
            } else if !book.isBusy(.status(id)) {
                queue.delayStatus(id)
            }
        }
        return calls
    }

    /// Takes note of how a call went.
    /// - Returns: whether it is worth a line in the log: the first failure in a row, or the first success after one.
    mutating func end(_ call: OperatorCall, isSuccess: Bool, at now: Duration) -> Bool {
        let isNews = book.end(call.subject, isSuccess: isSuccess, at: now)
        queue.add(call.function)
        switch call {
        case .apply(let function, let count, let retiring):
            guard let place = index[function.id] else { break }
            records[place].applied = nil
            guard isSuccess else { break }
            records[place].retiring.removeAll { retiring.contains($0) }
            // An edit in the meantime has not been told yet.
            guard records[place].function.isDeclared(like: function) else { break }
            records[place].applied = FunctionRecord.Applied(count: count, at: now)
        case .replace(let replicas, let id):
            guard isSuccess, let place = index[id] else { break }
            for replica in replicas { records[place].replacedAt[replica] = now }
        case .remove(let id):
            if isSuccess { departures[id]?.removedAt = now }
        case .setStatus(let status, let id):
            guard isSuccess, let place = index[id] else { break }
            let before = records[place].function.status
            records[place].stored(status)
            // Another writer was later: what it wrote is corrected.
            if let shown = functions.function(of: id)?.status, shown != before { records[place].stored(shown) }
        }
        return isNews
    }

    private mutating func applyIfDue(
        _ place: Int, _ load: LoadReport, _ now: Duration, _ calls: inout [OperatorCall]
    ) {
        // Edited since the last pass: the plan counts replicas of the revision before.
        guard records[place].isPlanned else { return }
        let isDue = records[place].isDue(at: now)
        // Most functions, most of the time.
        guard isDue || !records[place].plan.draining.isEmpty else { return }
        let record = records[place]
        let limit = drainLimit(of: record.function)
        let retirable = record.plan.retirable(load: load.replicas, ledger: ledger, limit: limit, at: now)
        guard isDue || !retirable.isEmpty,
            book.begin(.replicas(record.function.id), isUrgent: record.isUrgent, at: now)
        else { return }
        ledger.retire(retirable)
        noteCuts(retirable, of: record.function.name.text, load, limit: limit)
        records[place].retiring += retirable
        let retiring = record.retiring + retirable
        calls.append(.apply(record.function, count: record.plan.told(retiring: retiring), retiring: retiring))
    }

    /// Where the platform chooses the replicas that end, those that must end are named to it.
    private mutating func replaceIfDue(_ place: Int, _ now: Duration, _ calls: inout [OperatorCall]) {
        guard !records[place].plan.unresponsive.isEmpty else { return }
        let due = records[place].dueForReplacement(at: now)
        guard !due.isEmpty, book.begin(.replicas(records[place].function.id), at: now) else { return }
        calls.append(.replace(due, records[place].function.id))
    }

    private mutating func removeIfDrained(
        _ id: Function.ID, _ departure: Departure, _ load: LoadReport, _ now: Duration, _ calls: inout [OperatorCall]
    ) {
        if let removedAt = departure.removedAt, now - removedAt < FunctionRecord.repeatInterval { return }
        if retirement == .byPlatform, let since = departure.strangeSince, now - since < Self.strangerGrace { return }
        // Deleted since the last pass: its replicas have not been told to drain.
        guard let plan = departure.plan else { return }
        let drained = plan.retirable(load: load.replicas, ledger: ledger, limit: departure.limit, at: now)
        guard drained.count == plan.draining.count, book.begin(.replicas(id), at: now) else { return }
        ledger.retire(drained)
        noteCuts(drained, of: departure.name, load, limit: departure.limit)
        calls.append(.remove(id))
    }

    /// Replicas are stopped; those that still have invocations in flight have used up their time.
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
                        + "which had not ended \(limit.humanText) after it was to be stopped. Raise "
                        + "target.drainTimeout if they need longer."))
        }
    }

    /// What was cut since the last time.
    mutating func takeCuts() -> [Event] {
        defer { cuts = [] }
        return cuts
    }

    /// Where several processes share a platform, one may see another's replica before it sees its function.
    private static let strangerGrace = Duration.seconds(30)
}
