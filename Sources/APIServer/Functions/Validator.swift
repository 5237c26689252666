import F2SModel

/// The ETag of an answer to GET (RFC 9110 section 8.8.3).
struct Validator: Sendable, Hashable {
    /// With its quotes, as the field has it.
    let tag: String

    /// For one function. The stored version stands in front, for If-Match; behind it a hash of all that is answered,
    /// because the status changes without the version.
    init(_ revision: StoreRevision, json: String) {
        tag = "\"\(revision)\(EntityTags.revisionEnd)\(Self.hash(json))\""
    }

    /// For a list. Another process gives the same list another tag, which costs its client one answer.
    init(_ functions: [Function]) {
        var hasher = Hasher()
        hasher.combine(functions)
        tag = "\"\(String(UInt(bitPattern: hasher.finalize()), radix: 16))\""
    }

    /// Whether an If-None-Match field says that the client has this answer (RFC 9110 section 13.1.2).
    func isKnown(by ifNoneMatch: String?) -> Bool {
        guard let ifNoneMatch else { return false }
        return ifNoneMatch.split(separator: ",").contains { element in
            let element = element.trimmingSpaces
            return element == "*" || (element.hasPrefix("W/") ? element.dropFirst(2) : element) == tag
        }
    }

    /// FNV-1a: it tells versions of one text apart, and need not resist anybody.
    private static func hash(_ text: String) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return String(hash, radix: 16)
    }
}
