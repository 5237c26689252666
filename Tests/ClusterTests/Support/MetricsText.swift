/// Figures in Prometheus' text format.
enum MetricsText {
    /// The sum of the series of this name whose labels include these.
    static func sum(_ name: String, _ labels: [String] = [], in text: String) -> Double {
        sum(name, in: text) { line in labels.allSatisfy { line.contains($0) } }
    }

    /// The sum of the series of this name whose line is wanted.
    static func sum(_ name: String, in text: String, where isWanted: (Substring) -> Bool) -> Double {
        text.split(separator: "\n").reduce(0) { sum, line in
            guard line.hasPrefix(name), [" ", "{"].contains(line.dropFirst(name.count).prefix(1)), isWanted(line),
                let value = line.split(separator: " ").last
            else { return sum }
            return sum + (Double(value) ?? 0)
        }
    }
}
