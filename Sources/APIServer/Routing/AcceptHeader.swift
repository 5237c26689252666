/// The value of an Accept header: the types that a client accepts, with their quality (RFC 9110 section 12.5.1).
struct AcceptHeader: Sendable, Hashable {
    private struct Range: Hashable {
        var type: String
        var quality: Double
    }

    private let ranges: [Range]

    /// Parses the header. An absent header accepts everything. An entry without a valid quality has quality 1.
    init(_ text: String?) {
        ranges = (text ?? "*/*").lowercased().split(separator: ",").map { entry in
            let parts = entry.split(separator: ";").map(\.trimmingSpaces)
            let quality = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) }
            return Range(type: parts.first.map { String($0) } ?? "*/*", quality: quality ?? 1)
        }
    }

    /// Returns the type with the highest quality, or the first of several. If the client accepts none of them, the
    /// result is the first one, because a response in the usual format is more helpful than 406.
    func preferred(of offered: [MediaType]) -> MediaType {
        var best = offered[0]
        var quality = 0.0
        for type in offered where self.quality(of: type) > quality {
            best = type
            quality = self.quality(of: type)
        }
        return best
    }

    /// Returns the quality of the most specific range that covers the type; 0 means not acceptable.
    private func quality(of type: MediaType) -> Double {
        let group = type.rawValue.prefix { $0 != "/" }
        for pattern in [type.rawValue, "\(group)/*", "*/*"] {
            if let range = ranges.first(where: { $0.type == pattern }) { return range.quality }
        }
        return 0
    }
}
