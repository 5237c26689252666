import F2SModel

/// Decides which tokens are valid while the installation's token is replaced. A value without a clock.
struct TokenRotation: Sendable {
    /// How long a token is valid after another one has taken its place: longer than it takes until every process has
    /// read the new one.
    static let overlap = Duration.seconds(600)

    private var current: String?
    private var previous: (text: String, until: Duration)?

    init(_ token: String?) { current = token }

    /// Takes the token that is stored now; `nil`: none is, and the last one stays valid.
    mutating func take(_ token: String?, at now: Duration) {
        guard let token, PeerTokens.isValid(token), token != current else { return }
        if let current { previous = (current, now + Self.overlap) }
        current = token
    }

    /// The tokens that are valid.
    func tokens(at now: Duration) -> PeerTokens {
        PeerTokens([current, previous.flatMap { $0.until > now ? $0.text : nil }].compactMap(\.self))
    }

    /// The newest token.
    var newest: String? { current }
}
