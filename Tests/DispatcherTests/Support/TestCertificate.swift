import CLibSSL
import F2SModel
import NIOSSL

/// Self-signed certificates of this machine.
enum TestCertificate {
    enum Key {
        case elliptic, rsa
    }

    /// A certificate for tests that need no certificate of their own.
    static let shared = make()

    /// Creates a certificate and its key.
    /// - Parameters:
    ///   - name: The name of the machine.
    ///   - lifetime: The seconds until the certificate expires.
    ///   - passphrase: The passphrase that encrypts the key; `nil` if it is not encrypted.
    static func make(
        _ kind: Key = .elliptic, name: String = "localhost", lifetime: Int = 86_400, passphrase: String? = nil
    ) -> TLSCertificate {
        let key = makeKey(kind)
        defer { EVP_PKEY_free(key) }
        let certificate = X509_new()
        defer { X509_free(certificate) }
        X509_set_version(certificate, 2)
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), Int.random(in: 1...1_000_000_000))
        X509_gmtime_adj(X509_getm_notBefore(certificate), -60)
        X509_gmtime_adj(X509_getm_notAfter(certificate), lifetime)
        X509_set_pubkey(certificate, key)
        let subject = X509_get_subject_name(certificate)
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0)
        X509_set_issuer_name(certificate, subject)
        let names = X509V3_EXT_conf_nid(nil, nil, NID_subject_alt_name, "DNS:\(name),IP:127.0.0.1")
        X509_add_ext(certificate, names, -1)
        X509_EXTENSION_free(names)
        X509_sign(certificate, key, EVP_sha256())
        return TLSCertificate(
            chain: text { PEM_write_bio_X509($0, certificate) },
            key: Secret(
                text { output in
                    guard let passphrase else {
                        return PEM_write_bio_PrivateKey(output, key, nil, nil, 0, nil, nil)
                    }
                    let bytes = Array(passphrase.utf8)
                    return PEM_write_bio_PrivateKey(
                        output, key, EVP_aes_256_cbc(), bytes, Int32(bytes.count), nil, nil)
                }))
    }

    /// Returns settings with which every listener that may have TLS uses a certificate.
    static func settings(_ certificate: TLSCertificate?) -> TLSSettings {
        var settings = TLSSettings()
        settings.certificate = certificate
        return settings
    }

    /// Returns the TLS of a client that accepts one certificate.
    static func client(
        trusting certificate: TLSCertificate, _ change: (inout TLSConfiguration) -> Void = { _ in }
    ) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(certificate.chain.utf8)))
        change(&configuration)
        return try NIOSSLContext(configuration: configuration)
    }

    private static func makeKey(_ kind: Key) -> OpaquePointer? {
        let context = EVP_PKEY_CTX_new_from_name(nil, kind == .rsa ? "RSA" : "EC", nil)
        defer { EVP_PKEY_CTX_free(context) }
        EVP_PKEY_keygen_init(context)
        if kind == .elliptic { EVP_PKEY_CTX_set_group_name(context, "prime256v1") }
        var key: OpaquePointer?
        EVP_PKEY_generate(context, &key)
        return key
    }

    /// Returns the text that `body` writes to a target of the library.
    private static func text(_ body: (OpaquePointer?) -> Int32) -> String {
        let output = BIO_new(BIO_s_mem())
        defer { BIO_free(output) }
        guard body(output) == 1 else { return "" }
        var start: UnsafeMutablePointer<UInt8>?
        let count = BIO_ctrl(output, BIO_CTRL_INFO, 0, &start)
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }
}
