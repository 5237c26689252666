/// Those who wait for a slot of one function, in the order of their sequence numbers. Pure; once it has grown to its
/// usual length it allocates nothing.
struct WaitingLine {
    private struct Place {
        let sequence: UInt64
        /// `nil`: its waiter has left.
        var waiter: InvocationQueue.Waiter?
    }

    private var places: [Place] = []
    /// The first place with a waiter, or the end.
    private var front = 0
    /// Those who wait.
    private(set) var count = 0

    /// A line that is empty keeps room for so many, and gives back what a flood took beyond.
    private static let capacityKept = 1024

    var isEmpty: Bool { count == 0 }

    /// The one who has waited longest.
    var first: InvocationQueue.Waiter? { front < places.count ? places[front].waiter : nil }

    /// Lets somebody in: at the end, or, with an earlier number, before all that came later.
    mutating func insert(_ waiter: InvocationQueue.Waiter, sequence: UInt64) {
        let place = Place(sequence: sequence, waiter: waiter)
        count += 1
        guard let last = places.last, last.sequence > sequence else { return places.append(place) }
        places.insert(place, at: index(of: sequence))
    }

    /// The one who has waited longest goes, if anybody waits.
    mutating func removeFirst() {
        if front < places.count { remove(at: front) }
    }

    /// Somebody goes who may stand anywhere. `false`: nobody waits with this number.
    mutating func remove(sequence: UInt64) -> Bool {
        let index = index(of: sequence)
        guard index < places.count, places[index].sequence == sequence, places[index].waiter != nil else {
            return false
        }
        remove(at: index)
        return true
    }

    /// Everybody goes, in order.
    mutating func removeAll() -> [InvocationQueue.Waiter] {
        let waiters = places[front...].compactMap(\.waiter)
        count = 0
        trim()
        return waiters
    }

    private mutating func remove(at index: Int) {
        places[index].waiter = nil
        count -= 1
        while front < places.count, places[front].waiter == nil { front += 1 }
        trim()
    }

    /// Drops the places of those who have left once they outweigh the others, so that each is moved once on average.
    private mutating func trim() {
        if count == 0 {
            places.removeAll(keepingCapacity: places.capacity <= Self.capacityKept)
            front = 0
        } else if places.count > 2 * count + 64 {
            places.removeAll { $0.waiter == nil }
            front = 0
        }
    }

    /// Where a number stands, or where it would: the first place from the front on with no smaller one.
    private func index(of sequence: UInt64) -> Int {
        var low = front
        var high = places.count
        while low < high {
            let middle = (low + high) / 2
            if places[middle].sequence < sequence { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
