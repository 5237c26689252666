/// The order of resources by age. Kubernetes knows no finer time than the second of a creation, so resources of one
/// second are ordered by their names, which every process works out alike.
struct BirthOrder: Sendable {
    /// A resource and when it was created.
    struct Birth: Sendable, Hashable {
        let name: String
        /// Since 1970.
        let second: Int64
    }

    /// Names in order, by the second of their creation.
    private var names: [Int64: [String]] = [:]

    /// The age of a resource that was added: the second in the high bits, then its place among those of that second.
    func age(of birth: Birth) -> UInt64 {
        let names = names[birth.second] ?? []
        var (low, high) = (0, names.count)
        while low < high {
            let middle = (low + high) / 2
            if names[middle] < birth.name { low = middle + 1 } else { high = middle }
        }
        return UInt64(max(0, birth.second)) << 24 | UInt64(low)
    }

    /// Adds and takes out resources.
    /// - Returns: every name of the seconds that these were created in: their ages may have changed.
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
