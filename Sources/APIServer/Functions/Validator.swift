import F2SModel

/// The ETag of a response to GET (RFC 9110 section 8.8.3).
struct Validator: Sendable, Hashable {
    /// The tag with its quotes, as in the field.
    let tag: String

    /// Creates a validator from the tag, without its quotes.
    init(tag: String) { self.tag = "\"\(tag)\"" }

    /// Creates the tag of one function. It begins with the stored version, for If-Match. A hash of the whole response
    /// follows, because the status changes without the version.
    init(_ revision: StoreRevision, json: String) {
        tag = "\"\(revision)\(EntityTags.revisionEnd)\(Self.hash(json))\""
    }

    /// Creates the tag of a list. Another process gives the same list another tag, which costs its client one response.
    init(_ functions: [Function]) {
        var hasher = Hasher()
        hasher.combine(functions)
        tag = "\"\(String(UInt(bitPattern: hasher.finalize()), radix: 16))\""
    }

    /// Returns true if an If-None-Match field contains this tag (RFC 9110 section 13.1.2).
    func isKnown(by ifNoneMatch: String?) -> Bool {
        guard let ifNoneMatch else { return false }
        return ifNoneMatch.split(separator: ",").contains { element in
            let element = element.trimmingSpaces
            return element == "*" || (element.hasPrefix("W/") ? element.dropFirst(2) : element) == tag
        }
    }

    /// Computes FNV-1a. It distinguishes versions of one text, and need not resist attacks.
    private static func hash(_ text: String) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return String(hash, radix: 16)
    }
}
