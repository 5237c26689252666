import CLibCrypto

@testable import F2SAccess

/// A key pair of a provider.
final class SigningKey: @unchecked Sendable {
    // The library's key is not changed after its creation, and may be used by several threads.
    private let key: OpaquePointer
    let algorithm: String
    let id: String?

    /// Creates a key pair.
    /// - Parameters:
    ///   - algorithm: `RS256`, `ES256` or `EdDSA`.
    ///   - id: The name of the key (`kid`).
    init(_ algorithm: String, id: String?) {
        self.algorithm = algorithm
        self.id = id
        let type = ["RS256": "RSA", "ES256": "EC", "EdDSA": "ED25519"][algorithm]
        var key: OpaquePointer?
        let context = EVP_PKEY_CTX_new_from_name(nil, type, nil)
        EVP_PKEY_keygen_init(context)
        if algorithm == "ES256" { EVP_PKEY_CTX_set_group_name(context, "prime256v1") }
        EVP_PKEY_generate(context, &key)
        EVP_PKEY_CTX_free(context)
        guard let key else { fatalError("The library made no key.") }
        self.key = key
    }

    deinit { EVP_PKEY_free(key) }

    /// The public key as a provider publishes it (RFC 7517).
    var json: String { "{\(members.map { #""\#($0)":"\#($1)""# }.joined(separator: ","))}" }

    /// Returns a token that is signed with this key.
    func token(_ claims: String, header: String? = nil) -> String {
        let name = id.map { #","kid":"\#($0)""# } ?? ""
        let header = header ?? #"{"alg":"\#(algorithm)","typ":"at+jwt"\#(name)}"#
        let signed = "\(TokenMaker.encode(header)).\(TokenMaker.encode(claims))"
        return "\(signed).\(Self.encode(signature(of: Array(signed.utf8))))"
    }

    private var members: [(String, String)] {
        var members = [("use", "sig"), ("alg", algorithm)]
        if let id { members.append(("kid", id)) }
        switch algorithm {
        case "RS256": members += [("kty", "RSA"), ("n", number("n")), ("e", number("e"))]
        case "ES256": members += [("kty", "EC"), ("crv", "P-256"), ("x", number("qx")), ("y", number("qy"))]
        default:
            var (bytes, count) = ([UInt8](repeating: 0, count: 32), 32)
            EVP_PKEY_get_raw_public_key(key, &bytes, &count)
            members += [("kty", "OKP"), ("crv", "Ed25519"), ("x", Self.encode(bytes))]
        }
        return members
    }

    private func number(_ name: String) -> String {
        var number: OpaquePointer?
        EVP_PKEY_get_bn_param(key, name, &number)
        defer { BN_free(number) }
        // A coordinate has 32 bytes, with leading zeros if need be.
        let count = algorithm == "ES256" ? 32 : (BN_num_bits(number) + 7) / 8
        var bytes = [UInt8](repeating: 0, count: Int(count))
        BN_bn2binpad(number, &bytes, count)
        return Self.encode(bytes)
    }

    private func signature(of message: [UInt8]) -> [UInt8] {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        EVP_DigestSignInit_ex(context, nil, algorithm == "EdDSA" ? nil : "SHA256", nil, nil, key, nil)
        var count = 1024
        var bytes = [UInt8](repeating: 0, count: count)
        EVP_DigestSign(context, &bytes, &count, message, message.count)
        let signature = Array(bytes[..<count])
        return algorithm == "ES256" ? Self.concatenated(signature) : signature
    }

    /// Returns the two numbers of a signature with 32 bytes each (RFC 7518 section 3.4).
    private static func concatenated(_ signature: [UInt8]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 64)
        signature.withUnsafeBufferPointer { signature in
            var position = signature.baseAddress
            let pair = d2i_ECDSA_SIG(nil, &position, signature.count)
            bytes.withUnsafeMutableBufferPointer { bytes in
                BN_bn2binpad(ECDSA_SIG_get0_r(pair), bytes.baseAddress, 32)
                BN_bn2binpad(ECDSA_SIG_get0_s(pair), bytes.baseAddress.map { $0 + 32 }, 32)
            }
            ECDSA_SIG_free(pair)
        }
        return bytes
    }

    private static func encode(_ bytes: [UInt8]) -> String {
        CredentialText.encode(bytes).replacing("+", with: "-").replacing("/", with: "_")
    }
}
