/// Finds the known name that a misspelt name was probably meant to be.
public enum NearestName {
    /// Returns the known name that is most similar to `text`; `nil` if none is similar enough.
    public static func of(_ text: String, among known: [String]) -> String? {
        let wanted = Array(text.lowercased().utf8)
        // A text of this length is not a misspelt name, and the comparison is quadratic.
        guard (1...64).contains(wanted.count) else { return nil }
        let nearest = known.map { (name: $0, distance: distance(wanted, Array($0.lowercased().utf8))) }
            .min { $0.distance < $1.distance }
        if let nearest, nearest.distance <= max(1, wanted.count / 3) { return nearest.name }
        guard wanted.count >= 3 else { return nil }
        return known.first { $0.lowercased().contains(text.lowercased()) }
    }

    /// Returns the number of insertions, deletions, replacements and swaps of neighbours between two words (optimal
    /// string alignment), computed row by row.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (line, byte) in left.enumerated() {
            var row = [line + 1]
            for (column, other) in right.enumerated() {
                var cost = min(last[column] + (byte == other ? 0 : 1), last[column + 1] + 1, row[column] + 1)
                if line > 0, column > 0, byte == right[column - 1], other == left[line - 1] {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                row.append(cost)
            }
            beforeLast = last
            last = row
        }
        return last[right.count]
    }
}
