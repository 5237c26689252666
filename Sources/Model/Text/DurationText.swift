extension Duration {
    /// Parses a duration in the notation of Kubernetes and Go: `30s`, `1m30s`, `500ms`, `1.5h`. Units: ms, s, m, h.
    /// - Parameters:
    ///   - allowed: the allowed durations, including both bounds.
    ///   - field: the field that an error names.
    /// - Throws: ``FieldError`` if the notation is wrong or the duration is out of bounds.
    public init(text: String, allowed: ClosedRange<Duration>, field: String) throws(FieldError) {
        guard let milliseconds = Self.milliseconds(of: text), milliseconds < 1e15 else {
            throw FieldError(field: field, value: text, requirement: "be a duration such as 500ms, 30s or 1m30s")
        }
        // Compare before rounding, as the API server does: 0.6ms is less than 1ms.
        let bounds = (Double(allowed.lowerBound.wholeMilliseconds), Double(allowed.upperBound.wholeMilliseconds))
        guard milliseconds >= bounds.0, milliseconds <= bounds.1 else {
            throw FieldError(
                field: field, value: text,
                requirement: "be between \(allowed.lowerBound.shortText) and \(allowed.upperBound.shortText)")
        }
        self = .milliseconds(Int64(milliseconds.rounded()))
    }

    /// The duration in the notation of ``init(text:allowed:field:)``, in whole milliseconds: `1m30s`, `250ms`, `0s`.
    public var shortText: String {
        let total = wholeMilliseconds
        guard total != 0 else { return "0s" }
        guard total > 0 else { return "-" + (Duration.zero - self).shortText }
        let parts = [
            (total / 3_600_000, "h"), (total / 60_000 % 60, "m"), (total / 1000 % 60, "s"), (total % 1000, "ms"),
        ]
        return parts.filter { $0.0 > 0 }.map { "\($0.0)\($0.1)" }.joined()
    }

    /// The duration for people: `250 ms`, `40.5 s`, `90 s`, `5 min`, `1 h 30 min`. Use ``shortText`` for values that
    /// users copy into a manifest.
    public var humanText: String {
        let total = wholeMilliseconds
        guard total >= 0 else { return "-" + (Duration.zero - self).humanText }
        if total < 1000 { return total == 0 ? "0 s" : "\(total) ms" }
        if total < 120_000 {
            let tenths = (total + 50) / 100
            return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
        }
        let seconds = (total + 500) / 1000
        let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")].filter { $0.0 > 0 }
        return parts.prefix(2).map { "\($0.0) \($0.1)" }.joined(separator: " ")
    }

    /// The duration in milliseconds, truncated.
    public var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }

    /// The duration in seconds, with fraction, for metrics and JSON.
    public var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }

    private static func milliseconds(of text: String) -> Double? {
        var rest = text[...]
        var total = 0.0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let value = Double(number), let factor = millisecondsByUnit[String(unit)] else { return nil }
            total += value * factor
        }
        return total
    }

    private static let millisecondsByUnit = ["ms": 1.0, "s": 1000.0, "m": 60_000.0, "h": 3_600_000.0]
}
