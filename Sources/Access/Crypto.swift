import CLibCrypto
import F2SModel

/// The cryptography of this module, all of it by the library of OpenSSL.
enum Crypto {
    /// The library could not compute something, for example because memory is short.
    struct Failure: Error {}

    /// Returns true if two texts are equal. The time that it takes depends on their lengths only.
    static func isEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        one.count == other.count && CRYPTO_memcmp(one, other, one.count) == 0
    }

    /// Begins the library without a configuration file: a file of the machine must not change what F2S computes.
    static let isReady = OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_LOAD_CONFIG), nil) == 1

    /// Returns random bytes that cannot be predicted.
    static func randomBytes(_ count: Int) throws(Failure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard isReady, RAND_bytes(&bytes, Int32(count)) == 1 else { throw Failure() }
        return bytes
    }

    /// Returns the message authentication code HMAC-SHA-256 (RFC 2104).
    static func authenticationCode(of message: [UInt8], key: [UInt8]) throws(Failure) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: 32)
        var length = 0
        guard isReady else { throw Failure() }
        let result = EVP_Q_mac(
            nil, "HMAC", nil, "SHA256", nil, key, key.count, message, message.count, &code, code.count, &length)
        guard result != nil, length == code.count else { throw Failure() }
        return code
    }

    /// Returns the digest SHA-256 (FIPS 180-4).
    static func digest(of message: [UInt8]) throws(Failure) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        var length = 0
        guard isReady, EVP_Q_digest(nil, "SHA256", nil, message, message.count, &digest, &length) == 1,
            length == digest.count
        else { throw Failure() }
        return digest
    }

    /// Returns a key that is derived from a password by scrypt (RFC 7914).
    /// - Parameter length: The length of the key in bytes.
    static func scrypt(
        _ password: [UInt8], salt: [UInt8], _ costs: PasswordHash.Costs, length: Int
    ) throws(Failure) -> [UInt8] {
        var key = [UInt8](repeating: 0, count: length)
        let rounds = UInt64(1) << costs.logarithm
        // The library needs a little more than the algorithm's 128 bytes per round, block and lane.
        let memoryMax = 128 * costs.blocks * (rounds + costs.lanes) + (1 << 20)
        guard isReady else { throw Failure() }
        let result = password.withUnsafeBytes { password in
            EVP_PBE_scrypt(
                password.bindMemory(to: CChar.self).baseAddress, password.count, salt, salt.count, rounds, costs.blocks,
                costs.lanes, memoryMax, &key, length)
        }
        guard result == 1 else { throw Failure() }
        return key
    }
}

/// Computes digests of 128 bits that only this process can compute, because their key is random (SipHash-2-4).
///
/// Not thread-safe. ``digest(of:)`` does not allocate.
struct KeyedDigest: ~Copyable {
    /// A digest.
    struct Value: Hashable {
        let high: UInt64
        let low: UInt64
    }

    private static let size = 16

    private let algorithm: OpaquePointer
    private let context: OpaquePointer
    private let key: [UInt8]

    /// Creates a digest with a random key.
    init() throws(Crypto.Failure) {
        let key = try Crypto.randomBytes(Self.size)
        guard let algorithm = EVP_MAC_fetch(nil, "SIPHASH", nil) else { throw Crypto.Failure() }
        guard let context = EVP_MAC_CTX_new(algorithm) else {
            EVP_MAC_free(algorithm)
            throw Crypto.Failure()
        }
        self.algorithm = algorithm
        self.context = context
        self.key = key
    }

    deinit {
        EVP_MAC_CTX_free(context)
        EVP_MAC_free(algorithm)
    }

    /// Returns the digest of a text; `nil` if the library fails.
    func digest(of text: Span<UInt8>) -> Value? {
        var value = (UInt64(0), UInt64(0))
        let isComputed = withUnsafeMutableBytes(of: &value) { output in
            // The key is passed again because it resets the context.
            guard EVP_MAC_init(context, key, key.count, nil) == 1,
                text.withUnsafeBufferPointer({ EVP_MAC_update(context, $0.baseAddress, $0.count) }) == 1
            else { return false }
            var length = 0
            let bytes = output.bindMemory(to: UInt8.self).baseAddress
            return EVP_MAC_final(context, bytes, &length, Self.size) == 1 && length == Self.size
        }
        return isComputed ? Value(high: value.0, low: value.1) : nil
    }
}
