/// Metrics in Prometheus' text format.
enum MetricsText {
    /// Returns the sum of the series with the name and labels.
    static func sum(_ name: String, _ labels: [String] = [], in text: String) -> Double {
        sum(name, in: text) { line in labels.allSatisfy { line.contains($0) } }
    }

    /// Returns the sum of the series with the name for whose lines `isWanted` returns true.
    static func sum(_ name: String, in text: String, where isWanted: (Substring) -> Bool) -> Double {
        text.split(separator: "\n").reduce(0) { sum, line in
            guard line.hasPrefix(name), [" ", "{"].contains(line.dropFirst(name.count).prefix(1)), isWanted(line),
                let value = line.split(separator: " ").last
            else { return sum }
            return sum + (Double(value) ?? 0)
        }
    }
}
