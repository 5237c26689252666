import F2SModel
import FoundationEssentials

/// A JSON Web Token (RFC 7519) that is signed with HMAC-SHA-256 (`HS256`).
struct SignedToken {
    /// The claims that F2S uses, by their names in F2S 0.5.
    private struct Claims: Decodable {
        let sub: String?
        let group: Groups?
        let exp: Double?
        let nbf: Double?
    }

    private struct Header: Decodable {
        let alg: String
        let crit: [String]?
    }

    /// One group, or several.
    private struct Groups: Decodable {
        let names: [String]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            names = try (try? container.decode(String.self)).map { [$0] } ?? container.decode([String].self)
        }
    }

    /// The caller.
    let subject: String
    /// The groups of the caller.
    let groups: [String]
    /// The time of expiry, in seconds since 1970; `nil` if the token does not expire.
    let expiry: Double?

    /// The largest token, in bytes.
    static let bytesMax = 16 << 10
    /// The difference between the clocks of the machines that is tolerated, in seconds.
    static let skew = 30.0

    /// Returns true if a text has the form of such a token: three parts.
    static func isLike(_ text: Substring) -> Bool { text.utf8.count { $0 == UInt8(ascii: ".") } == 2 }

    /// Reads and verifies a token.
    /// - Parameters:
    ///   - now: The time in seconds since 1970.
    ///   - requiresExpiry: True if a token without a time of expiry is rejected.
    /// - Throws: The reason for which the token is not accepted.
    init(_ text: Substring, key: Secret, requiresExpiry: Bool, now: Double) throws(CredentialError) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard text.utf8.count <= Self.bytesMax, parts.count == 3, let signature = CredentialText.decodeURL(parts[2]),
            let header: Header = Self.decode(parts[0])
        else { throw .malformed }
        // The token must not choose how it is verified (RFC 8725 section 3.1). No extension is understood.
        guard header.alg == "HS256", header.crit == nil else { throw .wrongAlgorithm }
        let signed = Array(text[..<parts[1].endIndex].utf8)
        let code: [UInt8]
        do { code = try Crypto.authenticationCode(of: signed, key: Array(key.revealed.utf8)) } catch { throw .busy }
        guard Crypto.isEqual(code, signature) else { throw .wrongSignature }
        guard let claims: Claims = Self.decode(parts[1]) else { throw .malformed }
        if let end = claims.exp, now >= end + Self.skew { throw .expired }
        if let begin = claims.nbf, now < begin - Self.skew { throw .notYetValid }
        if claims.exp == nil, requiresExpiry { throw .withoutExpiry }
        guard let subject = claims.sub, !subject.isEmpty else { throw .withoutSubject }
        self.subject = subject
        groups = claims.group?.names ?? []
        expiry = claims.exp
    }

    private static func decode<Part: Decodable>(_ text: Substring) -> Part? {
        guard let bytes = CredentialText.decodeURL(text) else { return nil }
        return try? JSONDecoder().decode(Part.self, from: Data(bytes))
    }
}
