import F2SModel

/// A caller that is identified.
struct IdentifiedCaller: Sendable {
    /// The caller.
    let principal: Principal
    /// The caller's session with a new cookie, which the response must set; `nil` if there is no new cookie.
    let renewed: ConsoleSession?

    /// A caller of a route that needs no credentials.
    static let anonymous = IdentifiedCaller(principal: .anonymous, renewed: nil)
}
