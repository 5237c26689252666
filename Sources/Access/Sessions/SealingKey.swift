import CLibCrypto
public import F2SModel

/// A key that seals texts: only processes with the same key can read a sealed text, or make one (AES-256-GCM, NIST SP
/// 800-38D).
public struct SealingKey: Sendable, Equatable {
    private static let bytesCount = 32
    private static let nonceBytes = 12
    private static let tagBytes = 16

    private let bytes: [UInt8]

    /// Creates a random key.
    /// - Returns: `nil` if the library fails.
    public static func random() -> SealingKey? {
        (try? Crypto.randomBytes(bytesCount)).map { SealingKey(bytes: $0) }
    }

    /// Creates the key of all processes that share a secret.
    /// - Returns: `nil` if the library fails.
    public init?(derivedFrom secret: Secret) {
        let label = Array("f2s console sessions 1".utf8)
        guard let code = try? Crypto.authenticationCode(of: label, key: Array(secret.revealed.utf8)) else { return nil }
        bytes = code
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// Seals a content.
    /// - Parameter purpose: A text without which the content cannot be opened, so that one kind of sealed text cannot
    ///   be used as another.
    func seal(_ content: [UInt8], for purpose: StaticString) throws(Crypto.Failure) -> String {
        let nonce = try Crypto.randomBytes(Self.nonceBytes)
        var sealed = [UInt8](repeating: 0, count: content.count)
        var tag = [UInt8](repeating: 0, count: Self.tagBytes)
        guard let context = EVP_CIPHER_CTX_new() else { throw Crypto.Failure() }
        defer { EVP_CIPHER_CTX_free(context) }
        var (count, rest) = (Int32(0), Int32(0))
        guard EVP_EncryptInit_ex2(context, EVP_aes_256_gcm(), bytes, nonce, nil) == 1,
            EVP_EncryptUpdate(context, nil, &count, purpose.utf8Start, Int32(purpose.utf8CodeUnitCount)) == 1,
            EVP_EncryptUpdate(context, &sealed, &count, content, Int32(content.count)) == 1,
            EVP_EncryptFinal_ex(context, nil, &rest) == 1, Int(count) == content.count, rest == 0,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagBytes), &tag) == 1
        else { throw Crypto.Failure() }
        return CredentialText.encodeURL(nonce + sealed + tag)
    }

    /// Opens a sealed text.
    /// - Returns: Its content; `nil` if it was not sealed with this key and for this purpose.
    func open(_ text: String, for purpose: StaticString) -> [UInt8]? {
        guard let all = CredentialText.decodeURL(text), all.count > Self.nonceBytes + Self.tagBytes,
            let context = EVP_CIPHER_CTX_new()
        else { return nil }
        defer { EVP_CIPHER_CTX_free(context) }
        let sealed = Array(all[Self.nonceBytes..<(all.count - Self.tagBytes)])
        var tag = Array(all.suffix(Self.tagBytes))
        var content = [UInt8](repeating: 0, count: sealed.count)
        var last = [UInt8](repeating: 0, count: Self.tagBytes)
        var (count, rest) = (Int32(0), Int32(0))
        guard EVP_DecryptInit_ex2(context, EVP_aes_256_gcm(), bytes, Array(all.prefix(Self.nonceBytes)), nil) == 1,
            EVP_DecryptUpdate(context, nil, &count, purpose.utf8Start, Int32(purpose.utf8CodeUnitCount)) == 1,
            EVP_DecryptUpdate(context, &content, &count, sealed, Int32(sealed.count)) == 1,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(Self.tagBytes), &tag) == 1,
            // The content is not to be used before the tag has been compared.
            EVP_DecryptFinal_ex(context, &last, &rest) == 1
        else { return nil }
        return content
    }

    /// Returns a short text by which this key recognizes a secret, without revealing it.
    func stamp(of secret: Secret) throws(Crypto.Failure) -> String {
        let code = try Crypto.authenticationCode(of: Array("stamp ".utf8) + Array(secret.revealed.utf8), key: bytes)
        return CredentialText.encodeURL(Array(code.prefix(16)))
    }
}
