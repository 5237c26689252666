import F2SModel

/// A JSON Web Token (RFC 7519) in its compact form. It is read, and not verified.
struct JSONWebToken {
    /// The algorithm by which the token claims to be signed (`alg`).
    let algorithm: String
    /// The key by which the token claims to be signed (`kid`); `nil` if it names none.
    let keyID: String?
    /// The kind of token, in lower case (`typ`); `nil` if it names none.
    let type: String?
    /// The bytes that are signed.
    let signed: [UInt8]
    /// The signature.
    let signature: [UInt8]
    private let payload: [UInt8]?

    /// Decodes the claims, which are not to be trusted until the signature is verified.
    /// - Throws: ``CredentialError/malformed``.
    func claims() throws(CredentialError) -> JSONObject {
        guard let claims = payload.flatMap({ JSONObject($0) }) else { throw .malformed }
        return claims
    }

    /// The largest token, in bytes.
    static let bytesMax = 16 << 10
    /// The difference between the clocks of the machines that is tolerated, in seconds.
    static let skew = 30.0

    /// Returns true if a text has the form of a token: three parts.
    static func isLike(_ text: Substring) -> Bool { text.utf8.count { $0 == UInt8(ascii: ".") } == 2 }

    /// Reads a token.
    /// - Throws: ``CredentialError/malformed``, and ``CredentialError/wrongAlgorithm`` if the token demands an
    ///   extension of the format. F2S understands none (RFC 7515 section 4.1.11).
    init(_ text: Substring) throws(CredentialError) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard text.utf8.count <= Self.bytesMax, parts.count == 3, let signature = CredentialText.decodeURL(parts[2]),
            let header = CredentialText.decodeURL(parts[0]).flatMap({ JSONObject($0) }),
            let algorithm = header["alg"]?.text
        else { throw .malformed }
        guard header["crit"] == nil else { throw .wrongAlgorithm }
        self.algorithm = algorithm
        keyID = header["kid"]?.text
        type = header["typ"]?.text?.lowercased()
        payload = CredentialText.decodeURL(parts[1])
        signed = Array(text[..<parts[1].endIndex].utf8)
        self.signature = signature
    }
}

extension JSONObject {
    /// Checks the times of a token, and returns its time of expiry in seconds since 1970; `nil` if it has none.
    /// - Parameter now: The time in seconds since 1970.
    /// - Throws: ``CredentialError/expired``, ``CredentialError/notYetValid``, and ``CredentialError/malformed`` if a
    ///   time is not a number.
    func expiry(checkedAt now: Double) throws(CredentialError) -> Double? {
        let (end, begin) = (try time("exp"), try time("nbf"))
        if let end, now >= end + JSONWebToken.skew { throw .expired }
        if let begin, now < begin - JSONWebToken.skew { throw .notYetValid }
        return end
    }

    private func time(_ claim: String) throws(CredentialError) -> Double? {
        switch self[claim] {
        case nil: nil
        case .number(let time): time
        default: throw .malformed
        }
    }
}
