/// The value of an Accept header: what a client wants, and how much (RFC 9110 section 12.5.1).
struct AcceptHeader: Sendable, Hashable {
    private struct Range: Hashable {
        var type: String
        var quality: Double
    }

    private let ranges: [Range]

    /// Reads the header; an absent one accepts everything. Entries that cannot be read count as wished for.
    init(_ text: String?) {
        ranges = (text ?? "*/*").lowercased().split(separator: ",").map { entry in
            let parts = entry.split(separator: ";").map(\.trimmingSpaces)
            let quality = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) }
            return Range(type: parts.first.map { String($0) } ?? "*/*", quality: quality ?? 1)
        }
    }

    /// The type that the client likes best; of equals the first of `offered`. Who accepts none of them gets the first
    /// too: an answer in the usual form helps more than 406.
    func preferred(of offered: [MediaType]) -> MediaType {
        var best = offered[0]
        var quality = 0.0
        for type in offered where self.quality(of: type) > quality {
            best = type
            quality = self.quality(of: type)
        }
        return best
    }

    /// The quality of the most specific range that covers the type; 0: not acceptable.
    private func quality(of type: MediaType) -> Double {
        let group = type.rawValue.prefix { $0 != "/" }
        for pattern in [type.rawValue, "\(group)/*", "*/*"] {
            if let range = ranges.first(where: { $0.type == pattern }) { return range.quality }
        }
        return 0
    }
}
