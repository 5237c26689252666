import F2SModel

/// Decides which tokens are valid while the installation's token is replaced. A value without a clock.
struct TokenRotation: Sendable {
    /// Time for which a token stays valid after another one has replaced it. It is longer than all processes need to
    /// read the new one.
    static let overlap = Duration.seconds(600)

    private var current: String?
    private var previous: (text: String, until: Duration)?

    init(_ token: String?) { current = token }

    /// Applies the token that is stored now; `nil` if none is stored, and then the last one stays valid.
    mutating func apply(_ token: String?, at now: Duration) {
        guard let token, PeerTokens.isValid(token), token != current else { return }
        if let current { previous = (current, now + Self.overlap) }
        current = token
    }

    /// Returns the valid tokens.
    func tokens(at now: Duration) -> PeerTokens {
        PeerTokens([current, previous.flatMap { $0.until > now ? $0.text : nil }].compactMap(\.self))
    }

    /// The newest token.
    var newest: String? { current }
}
