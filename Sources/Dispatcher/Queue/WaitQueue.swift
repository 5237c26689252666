/// The invocations that wait for a slot of one function, in the order of their sequence numbers. Pure. Once it has
/// grown to its usual length, it allocates nothing.
struct WaitQueue {
    private struct Entry {
        let sequence: UInt64
        /// `nil` if the invocation has left the queue.
        var waiter: InvocationQueue.Waiter?
    }

    private var entries: [Entry] = []
    /// The index of the first entry with a waiter, or the end.
    private var front = 0
    /// The number of waiting invocations.
    private(set) var count = 0

    /// The largest capacity that an empty queue keeps. A larger one, which a burst has left, is released.
    private static let capacityKept = 1024

    var isEmpty: Bool { count == 0 }

    /// The invocation that has waited longest.
    var first: InvocationQueue.Waiter? { front < entries.count ? entries[front].waiter : nil }

    /// Inserts an invocation at the end or, with an earlier number, before all that came later.
    mutating func insert(_ waiter: InvocationQueue.Waiter, sequence: UInt64) {
        let entry = Entry(sequence: sequence, waiter: waiter)
        count += 1
        guard let last = entries.last, last.sequence > sequence else { return entries.append(entry) }
        entries.insert(entry, at: index(of: sequence))
    }

    /// Removes the invocation that has waited longest, if there is one.
    mutating func removeFirst() {
        if front < entries.count { remove(at: front) }
    }

    /// Removes an invocation at any position.
    /// - Returns: False if no invocation waits with this number.
    mutating func remove(sequence: UInt64) -> Bool {
        let index = index(of: sequence)
        guard index < entries.count, entries[index].sequence == sequence, entries[index].waiter != nil else {
            return false
        }
        remove(at: index)
        return true
    }

    /// Removes all waiting invocations, and returns them in order.
    mutating func removeAll() -> [InvocationQueue.Waiter] {
        let waiters = entries[front...].compactMap(\.waiter)
        count = 0
        trim()
        return waiters
    }

    private mutating func remove(at index: Int) {
        entries[index].waiter = nil
        count -= 1
        while front < entries.count, entries[front].waiter == nil { front += 1 }
        trim()
    }

    /// Drops the entries of invocations that have left once they outnumber the others, so that each entry is moved once
    /// on average.
    private mutating func trim() {
        if count == 0 {
            entries.removeAll(keepingCapacity: entries.capacity <= Self.capacityKept)
            front = 0
        } else if entries.count > 2 * count + 64 {
            entries.removeAll { $0.waiter == nil }
            front = 0
        }
    }

    /// Returns the index of a number, or the one at which it would be: the first index from the front on with no
    /// smaller number.
    private func index(of sequence: UInt64) -> Int {
        var low = front
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].sequence < sequence { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
