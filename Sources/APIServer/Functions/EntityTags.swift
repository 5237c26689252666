import F2SModel

/// The value of an If-Match or If-None-Match header (RFC 9110 section 13.1).
enum EntityTags: Sendable, Hashable {
    /// `*`: any stored version.
    case any
    /// The strong tags of the list. Weak ones are omitted, because they never match in a strong comparison.
    case versions([StoreRevision])

    /// The character after the stored version in the tags that F2S sends (see ``Validator``).
    static let revisionEnd: Character = ";"

    /// Parses a header's value. Returns `nil` if it is neither `*` nor a list of entity tags.
    init?(_ text: String) {
        let trimmed = text.trimmingSpaces
        guard trimmed != "*" else {
            self = .any
            return
        }
        var versions: [StoreRevision] = []
        var rest = trimmed
        while true {
            let isWeak = rest.hasPrefix("W/")
            if isWeak { rest = rest.dropFirst(2) }
            guard rest.first == "\"", let end = rest.dropFirst().firstIndex(of: "\"") else { return nil }
            let tag = rest[rest.index(after: rest.startIndex)..<end]
            if !isWeak { versions.append(StoreRevision(String(tag.prefix { $0 != Self.revisionEnd }))) }
            rest = rest[rest.index(after: end)...].trimmingSpaces
            guard !rest.isEmpty else { break }
            guard rest.first == "," else { return nil }
            rest = rest.dropFirst().trimmingSpaces
        }
        self = .versions(versions)
    }

    /// Returns true if the tags contain the stored version; `nil` means that nothing is stored.
    func matches(_ stored: StoreRevision?) -> Bool {
        guard let stored else { return false }
        return switch self {
        case .any: true
        case .versions(let versions): versions.contains(stored)
        }
    }
}

extension StringProtocol {
    /// The text without surrounding spaces and tabs (RFC 9110 section 5.6.3, OWS).
    var trimmingSpaces: Substring {
        var text = Substring(self)
        while let first = text.first, first == " " || first == "\t" { text = text.dropFirst() }
        while let last = text.last, last == " " || last == "\t" { text = text.dropLast() }
        return text
    }
}
