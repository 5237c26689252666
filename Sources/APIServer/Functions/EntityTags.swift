import F2SModel

/// The value of an If-Match or If-None-Match header (RFC 9110 section 13.1).
enum EntityTags: Sendable, Hashable {
    /// `*`: any stored version.
    case any
    /// The strong tags of the list. Weak ones are left out: they never match where the strong comparison is due.
    case versions([StoreRevision])

    /// What follows the stored version in the tags that F2S gives out (see ``Validator``).
    static let revisionEnd: Character = ";"

    /// Reads a header's value; `nil` when it is neither `*` nor a list of entity tags.
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

    /// Whether the tags name the stored version; `nil`: nothing is stored.
    func matches(_ stored: StoreRevision?) -> Bool {
        guard let stored else { return false }
        return switch self {
        case .any: true
        case .versions(let versions): versions.contains(stored)
        }
    }
}

extension StringProtocol {
    /// The text without the spaces and tabs around it (RFC 9110 section 5.6.3, OWS).
    var trimmingSpaces: Substring {
        var text = Substring(self)
        while let first = text.first, first == " " || first == "\t" { text = text.dropFirst() }
        while let last = text.last, last == " " || last == "\t" { text = text.dropLast() }
        return text
    }
}
