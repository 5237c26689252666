import F2SModel

// Slots that are held for abandoned invocations.
extension Worker {
    func abandonedBegan(_ upstream: AbandonedUpstream) {
        abandoned.append(upstream)
        // A shutdown waits for the replica: another process may grant the slot as soon as this process has ended.
        if peers != nil { shared.invocationBegan() }
    }

    func abandonedEnded(_ upstream: AbandonedUpstream) {
        guard let index = abandoned.firstIndex(where: { $0 === upstream }) else { return }
        abandoned.swapAt(index, abandoned.count - 1)
        abandoned.removeLast()
        if peers != nil { shared.invocationEnded() }
    }

    /// Gives up a replica that did not finish in time, and notifies the control plane.
    func giveUp(_ slot: AbandonedSlot) {
        let time = coarseNow
        if let next = slot.handle.withQueue({ $0.giveUp(slot.lease, now: time) }) { deliver(next, of: slot.handle) }
        shared.noteChange(of: slot.handle.id)
    }
}
