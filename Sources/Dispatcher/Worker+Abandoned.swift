import F2SModel

// Slots that are held for invocations which were abandoned.
extension Worker {
    func abandonedBegan(_ upstream: AbandonedUpstream) {
        abandoned.append(upstream)
        // Another process may grant the slot as soon as this one has ended.
        if peers != nil { shared.invocationBegan() }
    }

    func abandonedEnded(_ upstream: AbandonedUpstream) {
        guard let index = abandoned.firstIndex(where: { $0 === upstream }) else { return }
        abandoned.swapAt(index, abandoned.count - 1)
        abandoned.removeLast()
        if peers != nil { shared.invocationEnded() }
    }

    /// A replica did not finish in time: the operator hears of it.
    func giveUp(_ slot: AbandonedSlot) {
        let time = coarseNow
        if let next = slot.cell.withQueue({ $0.giveUp(slot.grant, now: time) }) { deliver(next, of: slot.cell) }
        shared.noteChange(of: slot.cell.id)
    }
}
