/// A public key of a provider, by which it signs tokens (RFC 7517).
struct VerificationKey: Sendable, Hashable {
    /// An algorithm of signatures (RFC 7518 section 3.1, RFC 8037 section 3.1).
    enum Algorithm: Sendable, Hashable {
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        case rs256
        /// ECDSA with the curve P-256 and SHA-256.
        case es256
        /// EdDSA with the curve Ed25519.
        case ed25519

        /// Finds an algorithm by its name in a token or a key; `nil` for every other one, `none` and HS256 too.
        init?(_ name: String) {
            switch name {
            case "RS256": self = .rs256
            case "ES256": self = .es256
            // The second name is that of RFC 9864.
            case "EdDSA", "Ed25519": self = .ed25519
            default: return nil
            }
        }
    }

    /// The parameters of a key, as unsigned numbers with the most significant byte first.
    enum Parameters: Sendable, Hashable {
        case rsa(modulus: [UInt8], exponent: [UInt8])
        /// A point of the curve P-256, with coordinates of 32 bytes.
        case p256(x: [UInt8], y: [UInt8])
        /// A public key of 32 bytes (RFC 8032).
        case ed25519([UInt8])
    }

    /// The name of the key; `nil` if it has none.
    let id: String?
    /// The algorithm of its signatures.
    let algorithm: Algorithm
    /// The parameters.
    let parameters: Parameters

    /// The largest number of keys of a provider.
    static let countMax = 64
    /// The lengths of a modulus that are accepted, in bytes: 2048 to 8192 bits.
    private static let modulusLengths = 256...1024

    /// Reads a set of keys. Keys that F2S cannot use are left out, for example those for encryption.
    /// - Returns: `nil` if the document is not a set of keys, or if it has more than ``countMax``.
    static func keys(of document: JSONObject) -> [VerificationKey]? {
        guard case .list(let values)? = document["keys"], values.count <= countMax else { return nil }
        return values.compactMap { value in
            if case .object(let members) = value { VerificationKey(JSONObject(members)) } else { nil }
        }
    }

    private init?(_ key: JSONObject) {
        func number(_ name: String) -> [UInt8]? { key[name]?.text.flatMap { CredentialText.decodeURL($0) } }
        if let use = key["use"], use != .text("sig") { return nil }
        if key["key_ops"] != nil, !key.texts("key_ops").contains("verify") { return nil }
        switch (key["kty"]?.text, key["crv"]?.text) {
        case ("RSA", _):
            guard let modulus = number("n"), let exponent = number("e") else { return nil }
            // Some providers write leading zeros.
            let digits = (modulus: Array(modulus.drop { $0 == 0 }), exponent: Array(exponent.drop { $0 == 0 }))
            // With the exponent 1 every text would be its own signature.
            guard Self.modulusLengths.contains(digits.modulus.count), (1...8).contains(digits.exponent.count),
                digits.exponent != [1]
            else { return nil }
            algorithm = .rs256
            parameters = .rsa(modulus: digits.modulus, exponent: digits.exponent)
        case ("EC", "P-256"):
            guard let x = number("x"), let y = number("y"), x.count == 32, y.count == 32 else { return nil }
            algorithm = .es256
            parameters = .p256(x: x, y: y)
        case ("OKP", "Ed25519"):
            guard let x = number("x"), x.count == 32 else { return nil }
            algorithm = .ed25519
            parameters = .ed25519(x)
        default: return nil
        }
        if let name = key["alg"]?.text, Algorithm(name) != algorithm { return nil }
        id = key["kid"]?.text
    }
}
