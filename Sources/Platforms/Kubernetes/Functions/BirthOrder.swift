/// The order of resources by age. Kubernetes stores creation times in whole seconds, so resources of the same second
/// are ordered by name. Every process computes the same order.
struct BirthOrder: Sendable {
    /// A resource and the time of its creation.
    struct Birth: Sendable, Hashable {
        let name: String
        /// The second of the creation, since 1970.
        let second: Int64
    }

    /// The sorted names by the second of their creation.
    private var names: [Int64: [String]] = [:]

    /// Returns the age of a resource that was added: the second in the high bits, then the index among the resources of
    /// that second.
    func age(of birth: Birth) -> UInt64 {
        let names = names[birth.second] ?? []
        var (low, high) = (0, names.count)
        while low < high {
            let middle = (low + high) / 2
            if names[middle] < birth.name { low = middle + 1 } else { high = middle }
        }
        return UInt64(max(0, birth.second)) << 24 | UInt64(low)
    }

    /// Adds and removes resources.
    /// - Returns: the names of all resources that were created in the same seconds, because their ages may have
    ///   changed.
    mutating func update(adding added: [Birth], removing removed: [Birth]) -> Set<String> {
        let new = Dictionary(grouping: added, by: \.second)
        let gone = Dictionary(grouping: removed, by: \.second)
        var concerned: Set<String> = []
        for second in Set(new.keys).union(gone.keys) {
            let lost = Set((gone[second] ?? []).map(\.name))
            let kept = (names[second] ?? []).filter { !lost.contains($0) }
            let all = (kept + (new[second] ?? []).map(\.name)).sorted()
            names[second] = all.isEmpty ? nil : all
            concerned.formUnion(all)
        }
        return concerned
    }
}
