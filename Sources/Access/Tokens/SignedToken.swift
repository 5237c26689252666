import F2SModel

/// A JSON Web Token that is signed with HMAC-SHA-256 (`HS256`) and the key of the settings. The names of its claims are
/// those of F2S 0.5.
struct SignedToken {
    /// The caller.
    let subject: String
    /// The groups of the caller.
    let groups: [String]
    /// The time of expiry, in seconds since 1970; `nil` if the token does not expire.
    let expiry: Double?

    /// The algorithm of such tokens.
    static let algorithm = "HS256"

    /// Verifies a token.
    /// - Parameters:
    ///   - now: The time in seconds since 1970.
    ///   - requiresExpiry: True if a token without a time of expiry is rejected.
    /// - Throws: The reason for which the token is not accepted.
    init(_ token: JSONWebToken, key: Secret, requiresExpiry: Bool, now: Double) throws(CredentialError) {
        // The token must not choose how it is verified (RFC 8725 section 3.1).
        guard token.algorithm == Self.algorithm else { throw .wrongAlgorithm }
        let code: [UInt8]
        do {
            code = try Crypto.authenticationCode(of: token.signed, key: Array(key.revealed.utf8))
        } catch {
            throw .busy
        }
        guard Crypto.isEqual(code, token.signature) else { throw .wrongSignature }
        let claims = try token.claims()
        expiry = try claims.expiry(checkedAt: now)
        if expiry == nil, requiresExpiry { throw .withoutExpiry }
        guard let subject = claims["sub"] else { throw .withoutSubject }
        guard case .text(let name) = subject else { throw .malformed }
        guard !name.isEmpty else { throw .withoutSubject }
        self.subject = name
        groups = try Self.groups(claims["group"])
    }

    /// Returns the groups of a claim with one group, or with several.
    private static func groups(_ claim: JSONObject.Value?) throws(CredentialError) -> [String] {
        switch claim {
        case nil: return []
        case .text(let group): return [group]
        case .list(let values):
            let groups = values.compactMap(\.text)
            guard groups.count == values.count else { throw .malformed }
            return groups
        default: throw .malformed
        }
    }
}
