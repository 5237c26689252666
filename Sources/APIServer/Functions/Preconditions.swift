import F2SModel

/// Under which conditions a client wants its change: If-Match and If-None-Match of PUT and DELETE (RFC 9110 section
/// 13.1).
struct Preconditions: Sendable, Hashable {
    /// The stored version must be one of these.
    let match: EntityTags?
    /// The stored version must be none of these.
    let noneMatch: EntityTags?

    /// What to ask of the store. The store compares and changes in one step, so nothing can come between.
    enum Order: Sendable, Hashable {
        /// Only if nothing is stored under the name.
        case create
        /// Only if something is stored and, with a revision, if it still is that one.
        case change(ifRevision: StoreRevision?)
        /// Whether something is stored or not.
        case changeOrCreate
        /// Nothing: a condition does not hold.
        case refuse
    }

    /// Reads the two headers; absent ones are `nil`.
    /// - Throws: a ``Problem`` with status 400 when one is neither `*` nor a list of tags in quotes.
    init(ifMatch: String?, ifNoneMatch: String?) throws(Problem) {
        match = try Self.tags(ifMatch, header: "If-Match")
        noneMatch = try Self.tags(ifNoneMatch, header: "If-None-Match")
    }

    /// Whether ``order(stored:)`` looks at what is stored; if not, the caller need not ask.
    var needStored: Bool {
        if case .versions(let versions) = match, versions.count != 1 { return true }
        if case .versions = noneMatch { return true }
        return match != nil && noneMatch != nil
    }

    /// What to ask of the store when it holds `stored`; `nil`: nothing under this name.
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

    /// The answer when a condition does not hold.
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
