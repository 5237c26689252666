import CLibCrypto

extension VerificationKey {
    /// Returns true if the signature of a message is that of this key.
    /// - Throws: An error if memory is short, or if the library does not accept the key.
    func accepts(_ signature: [UInt8], of message: [UInt8]) throws(Crypto.Failure) -> Bool {
        guard Crypto.isReady, let key = libraryKey, let context = EVP_MD_CTX_new() else { throw Crypto.Failure() }
        defer {
            EVP_MD_CTX_free(context)
            EVP_PKEY_free(key)
        }
        // Ed25519 hashes the message itself.
        let hash = algorithm == .ed25519 ? nil : "SHA256"
        guard EVP_DigestVerifyInit_ex(context, nil, hash, nil, nil, key, nil) == 1 else { throw Crypto.Failure() }
        guard let signature = algorithm == .es256 ? Self.distinguished(signature) : signature else { return false }
        return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }

    /// Returns the library's form of the key, which the caller frees; `nil` if it is not a valid key.
    private var libraryKey: OpaquePointer? {
        switch parameters {
        case .rsa(let modulus, let exponent): Self.rsaKey(modulus: modulus, exponent: exponent)
        // The leading byte says that both coordinates follow (SEC 1 section 2.3.3).
        case .p256(let x, let y): Self.p256Key(point: [4] + x + y)
        case .ed25519(let key): EVP_PKEY_new_raw_public_key_ex(nil, "ED25519", nil, key, key.count)
        }
    }

    private static func rsaKey(modulus: [UInt8], exponent: [UInt8]) -> OpaquePointer? {
        let n = BN_bin2bn(modulus, Int32(modulus.count), nil)
        let e = BN_bin2bn(exponent, Int32(exponent.count), nil)
        defer {
            BN_free(n)
            BN_free(e)
        }
        guard n != nil, e != nil, let builder = OSSL_PARAM_BLD_new() else { return nil }
        defer { OSSL_PARAM_BLD_free(builder) }
        // The library refers to the names until the key is made.
        return "n".withCString { modulusName in
            "e".withCString { exponentName in
                guard OSSL_PARAM_BLD_push_BN(builder, modulusName, n) == 1,
                    OSSL_PARAM_BLD_push_BN(builder, exponentName, e) == 1
                else { return nil }
                return key(of: builder, "RSA")
            }
        }
    }

    private static func p256Key(point: [UInt8]) -> OpaquePointer? {
        guard let builder = OSSL_PARAM_BLD_new() else { return nil }
        defer { OSSL_PARAM_BLD_free(builder) }
        // The library refers to the names and the values until the key is made.
        return "group".withCString { groupName in
            "prime256v1".withCString { group in
                "pub".withCString { pointName in
                    point.withUnsafeBytes { point in
                        guard OSSL_PARAM_BLD_push_utf8_string(builder, groupName, group, 0) == 1,
                            OSSL_PARAM_BLD_push_octet_string(builder, pointName, point.baseAddress, point.count) == 1
                        else { return nil }
                        return key(of: builder, "EC")
                    }
                }
            }
        }
    }

    private static func key(of builder: OpaquePointer, _ type: String) -> OpaquePointer? {
        guard let parameters = OSSL_PARAM_BLD_to_param(builder) else { return nil }
        defer { OSSL_PARAM_free(parameters) }
        guard let context = EVP_PKEY_CTX_new_from_name(nil, type, nil) else { return nil }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_fromdata_init(context) == 1,
            EVP_PKEY_fromdata(context, &key, publicKeySelection, parameters) == 1
        else { return nil }
        return key
    }

    /// Converts a signature with two numbers of 32 bytes (RFC 7518 section 3.4) to the form that the library reads;
    /// `nil` if it has another length.
    private static func distinguished(_ signature: [UInt8]) -> [UInt8]? {
        guard signature.count == 64, let pair = ECDSA_SIG_new() else { return nil }
        defer { ECDSA_SIG_free(pair) }
        guard let r = BN_bin2bn(Array(signature[..<32]), 32, nil) else { return nil }
        guard let s = BN_bin2bn(Array(signature[32...]), 32, nil) else {
            BN_free(r)
            return nil
        }
        // The pair owns the numbers from here on. The call fails only if one of them is missing.
        ECDSA_SIG_set0(pair, r, s)
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = i2d_ECDSA_SIG(pair, &bytes)
        guard count > 0, let bytes else { return nil }
        defer { CRYPTO_free(bytes, #file, #line) }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }
}
