/// The labels of one series in their canonical order and form.
struct LabelSet: Sendable {
    /// The labels as `name="value",…` with escaped values, sorted by name, without braces. Equal texts mean equal
    /// labels.
    let text: String
    /// The first error in the names; `nil` if they are valid.
    let problem: String?

    init(_ pairs: [(String, String)]) {
        let sorted = pairs.sorted { $0.0 < $1.0 }
        text = sorted.map { "\($0.0)=\"\($0.1.escapedLabelValue)\"" }.joined(separator: ",")
        problem = Self.problem(about: sorted.map(\.0))
    }

    private static func problem(about names: [String]) -> String? {
        for (index, name) in names.enumerated() {
            if !name.isLabelName { return "'\(name)' is not a label name" }
            if index > 0, names[index - 1] == name { return "label \(name) is given twice" }
        }
        return nil
    }
}

// The grammar of the text format 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/
extension String {
    /// The text with backslash, quote and line feed escaped: the value of a label between quotes, in the text format
    /// and in PromQL.
    public var escapedLabelValue: String { escaped(quotes: true) }

    /// The text with backslash and line feed escaped. A help text needs no escaped quotes.
    var escapedHelp: String { escaped(quotes: false) }

    /// True if the text matches `[a-zA-Z_:][a-zA-Z0-9_:]*`.
    var isMetricName: Bool { isName(colons: true) }

    /// True if the text matches `[a-zA-Z_][a-zA-Z0-9_]*` and is not reserved: names with two leading underscores belong
    /// to Prometheus, and `le` to histograms.
    var isLabelName: Bool { isName(colons: false) && !hasPrefix("__") && self != "le" }

    private func escaped(quotes: Bool) -> String {
        guard utf8.contains(where: { $0 == 0x5C || $0 == 0x0A || $0 == 0x22 }) else { return self }
        var result = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private func isName(colons: Bool) -> Bool {
        var isFirst = true
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): break
            case UInt8(ascii: "0")...UInt8(ascii: "9") where !isFirst: break
            case UInt8(ascii: ":") where colons: break
            default: return false
            }
            isFirst = false
        }
        return !isFirst
    }
}
