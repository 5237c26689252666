extension Array {
    /// Returns the smallest elements in order, without sorting the others.
    func min(count wanted: Int, sortedBy isBefore: (Element, Element) -> Bool) -> [Element] {
        guard wanted < count / 4 else { return Array(sorted(by: isBefore).prefix(wanted)) }
        guard wanted > 0 else { return [] }
        var smallest: [Element] = []
        /// The largest of the wanted elements so far; `nil` until there are enough.
        var bound: Element?
        for element in self {
            if let bound, !isBefore(element, bound) { continue }
            smallest.append(element)
            guard smallest.count >= 2 * wanted else { continue }
            smallest.sort(by: isBefore)
            smallest.removeLast(smallest.count - wanted)
            bound = smallest.last
        }
        smallest.sort(by: isBefore)
        return Array(smallest.prefix(wanted))
    }
}
