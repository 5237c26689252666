import F2SModel

/// The conditions under which a client wants its change: If-Match and If-None-Match of PUT and DELETE (RFC 9110 section
/// 13.1).
struct Preconditions: Sendable, Hashable {
    /// The stored version must be one of these.
    let match: EntityTags?
    /// The stored version must be none of these.
    let noneMatch: EntityTags?

    /// The request to the store. The store compares and changes in one step, so no other change can intervene.
    enum Order: Sendable, Hashable {
        /// Create the function if none is stored under the name.
        case create
        /// Change the function if one is stored and, with a revision, if it still has that revision.
        case change(ifRevision: StoreRevision?)
        /// Change the function if one is stored, or create it.
        case changeOrCreate
        /// Do nothing, because a condition does not hold.
        case refuse
    }

    /// Parses the two headers. Absent headers are `nil`.
    /// - Throws: A ``Problem`` with status 400 if one is neither `*` nor a list of tags in quotes.
    init(ifMatch: String?, ifNoneMatch: String?) throws(Problem) {
        match = try Self.tags(ifMatch, header: "If-Match")
        noneMatch = try Self.tags(ifNoneMatch, header: "If-None-Match")
    }

    /// True if ``order(stored:)`` uses its argument. If not, the caller need not read the store.
    var needStored: Bool {
        if case .versions(let versions) = match, versions.count != 1 { return true }
        if case .versions = noneMatch { return true }
        return match != nil && noneMatch != nil
    }

    /// Returns the request to a store that contains `stored`; `nil` means that nothing is stored under the name.
    func order(stored: StoreRevision?) -> Order {
        switch (match, noneMatch) {
        case (nil, nil): .changeOrCreate
        case (nil, .any): .create
        case (.any, nil): .change(ifRevision: nil)
        case (.versions(let versions), nil) where versions.count == 1: .change(ifRevision: versions[0])
        case (let match, let noneMatch):
            if match?.matches(stored) == false || noneMatch?.matches(stored) == true {
                .refuse
            } else {
                stored.map { .change(ifRevision: $0) } ?? .create
            }
        }
    }

    /// Returns the response to a condition that does not hold.
    static func failed(_ name: FunctionName, because reason: String) -> Problem {
        Problem(
            status: 412, title: "The precondition failed",
            detail: "\(reason) Read \(name) again and repeat the request with the ETag that you get.", function: name)
    }

    private static func tags(_ value: String?, header: String) throws(Problem) -> EntityTags? {
        guard let value else { return nil }
        guard let tags = EntityTags(value) else {
            throw Problem(
                status: 400, title: "The precondition is malformed",
                detail: "\(header) is \(value): send * or the ETag of the version that you have seen, with its quotes.")
        }
        return tags
    }
}
