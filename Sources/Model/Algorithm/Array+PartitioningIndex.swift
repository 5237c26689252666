extension Array {
    /// Returns the index of the first element that belongs to the second part, or the count if there is none, by binary
    /// search. Every element of the second part must follow every element of the first.
    public func partitioningIndex(where belongsInSecondPart: (Element) throws -> Bool) rethrows -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = low + (high - low) / 2
            if try belongsInSecondPart(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
