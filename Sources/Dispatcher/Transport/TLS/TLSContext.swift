internal import CLibSSL
public import F2SModel
import Glibc

/// A certificate and the rules by which listeners speak TLS with it. Connections share it.
///
/// It permits TLS 1.2 and 1.3 with AEAD ciphers and ephemeral keys (ECDHE), and ALPN `http/1.1`. Each context has its
/// own keys of session tickets: a new context ends the resumption of earlier sessions, but no open connection.
public final class TLSContext: Sendable {
    // Safe: the library counts the references to a context atomically, and nothing changes it after `init`.
    nonisolated(unsafe) let pointer: OpaquePointer
    /// The time at which the certificate expires, in seconds since 1970.
    public let expiry: Int

    /// The ciphers of TLS 1.2. Those of TLS 1.3 all authenticate their data.
    private static let ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20"

    /// Creates a context.
    /// - Throws: ``TLSCertificateError`` if the certificate or the key is not usable. Another attempt with the same
    ///   texts fails too.
    public init(_ certificate: TLSCertificate) throws(TLSCertificateError) {
        // A configuration file of the machine must not change the rules.
        guard OPENSSL_init_ssl(UInt64(OPENSSL_INIT_NO_LOAD_CONFIG), nil) == 1,
            let pointer = SSL_CTX_new(TLS_server_method())
        else { throw TLSCertificateError(.chain, "must wait: OpenSSL cannot start") }
        self.pointer = pointer
        do {
            expiry = try Self.use(certificate, in: pointer)
        } catch {
            SSL_CTX_free(pointer)
            throw error
        }
        Self.setRules(of: pointer)
    }

    deinit { SSL_CTX_free(pointer) }

    private static func setRules(of context: OpaquePointer) {
        SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
        SSL_CTX_set_cipher_list(context, ciphers)
        SSL_CTX_set_options(
            context, optionNoRenegotiation | optionNoCompression | optionServerPreference | optionPrioritizeChaCha)
        // Partial writes, because the bytes that the socket did not accept move to the stream's buffer. Idle
        // connections keep no buffers.
        let modes =
            SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS
        SSL_CTX_ctrl(context, SSL_CTRL_MODE, Int(modes), nil)
        // One system call reads the header of a record and its content.
        SSL_CTX_ctrl(context, SSL_CTRL_SET_READ_AHEAD, 1, nil)
        // Tickets hold the state of sessions.
        SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, Int(SSL_SESS_CACHE_OFF), nil)
        SSL_CTX_set_num_tickets(context, 1)
        SSL_CTX_set_alpn_select_cb(
            context,
            { _, output, length, input, inputLength, _ in
                TLSProtocolName.select(output, length, input, inputLength)
            }, nil)
    }
}

// The certificate and its key.
extension TLSContext {
    /// Sets the certificate and the key of a context.
    /// - Returns: The time at which the certificate expires, in seconds since 1970.
    private static func use(
        _ certificate: TLSCertificate, in context: OpaquePointer
    ) throws(TLSCertificateError) -> Int {
        ERR_clear_error()
        let chain = try certificates(in: certificate.chain)
        defer { for certificate in chain { X509_free(certificate) } }
        guard let own = chain.first else {
            throw TLSCertificateError(.chain, "must hold a certificate in PEM form (BEGIN CERTIFICATE)")
        }
        guard SSL_CTX_use_certificate(context, own) == 1 else { throw refusal(.chain) }
        for authority in chain.dropFirst() {
            guard SSL_CTX_ctrl(context, SSL_CTRL_CHAIN_CERT, 1, UnsafeMutableRawPointer(authority)) == 1 else {
                throw refusal(.chain)
            }
        }
        let key = try privateKey(in: certificate.key.revealed)
        defer { EVP_PKEY_free(key) }
        guard X509_check_private_key(own, key) == 1 else {
            ERR_clear_error()
            throw TLSCertificateError(
                .key, "must hold the private key of the first certificate, and holds another key")
        }
        guard SSL_CTX_use_PrivateKey(context, key) == 1 else { throw refusal(.key) }
        return try expiry(of: own)
    }

    private static func certificates(in text: String) throws(TLSCertificateError) -> [OpaquePointer] {
        var found: [OpaquePointer] = []
        let error = withMemory(text) { input -> TLSCertificateError? in
            while let certificate = PEM_read_bio_X509(input, nil, nil, nil) { found.append(certificate) }
            // The search for a further certificate ends with this error.
            let isEnd = reason(of: ERR_peek_last_error()) == PEM_R_NO_START_LINE
            defer { ERR_clear_error() }
            return isEnd ? nil : refusal(.chain)
        }
        guard let error else { return found }
        for certificate in found { X509_free(certificate) }
        throw error
    }

    private static func privateKey(in text: String) throws(TLSCertificateError) -> OpaquePointer {
        var isEncrypted = false
        let key = withMemory(text) { input in
            withUnsafeMutablePointer(to: &isEncrypted) { isEncrypted in
                // Without this function, the library would ask for a passphrase at the terminal.
                PEM_read_bio_PrivateKey(
                    input, nil,
                    { _, _, _, isEncrypted in
                        isEncrypted?.assumingMemoryBound(to: Bool.self).pointee = true
                        return -1
                    }, isEncrypted)
            }
        }
        guard let key else {
            ERR_clear_error()
            throw TLSCertificateError(
                .key,
                isEncrypted
                    ? "must hold a private key without a passphrase: decrypt it with `openssl pkey`"
                    : "must hold a private key in PEM form (BEGIN PRIVATE KEY)")
        }
        return key
    }

    private static func expiry(of certificate: OpaquePointer) throws(TLSCertificateError) -> Int {
        var time = tm()
        guard ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) == 1 else { throw refusal(.chain) }
        return timegm(&time)
    }

    /// Calls `body` with a source of the library that reads a text.
    private static func withMemory<Result>(_ text: String, _ body: (OpaquePointer?) -> Result) -> Result {
        let bytes = Array(text.utf8)
        return bytes.withUnsafeBytes { bytes in
            let input = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count))
            defer { BIO_free(input) }
            return body(input)
        }
    }

    /// Returns the error of a part that the library has refused, with the library's reason.
    private static func refusal(_ part: TLSCertificateError.Part) -> TLSCertificateError {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        let reason = ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
        return TLSCertificateError(part, "must be valid: OpenSSL reports \(reason)")
    }

    private static func reason(of code: UInt) -> Int32 { Int32(truncatingIfNeeded: code & 0x7F_FFFF) }
}

/// The protocol inside of TLS connections (ALPN, RFC 7301).
private enum TLSProtocolName {
    private static let http = Array("http/1.1".utf8)

    /// Selects `http/1.1` from a client's list, and ends the handshake if the list lacks it.
    static func select(
        _ output: UnsafeMutablePointer<UnsafePointer<UInt8>?>?, _ outputLength: UnsafeMutablePointer<UInt8>?,
        _ input: UnsafePointer<UInt8>?, _ inputLength: UInt32
    ) -> Int32 {
        let names = UnsafeBufferPointer(start: input, count: Int(inputLength))
        var start = 0
        // Each name follows a byte with its length. The library has checked the lengths.
        while start < names.count {
            let end = start + 1 + Int(names[start])
            guard end <= names.count else { break }
            if names[(start + 1)..<end].elementsEqual(http) {
                output?.pointee = input.map { $0 + start + 1 }
                outputLength?.pointee = UInt8(http.count)
                return SSL_TLSEXT_ERR_OK
            }
            start = end
        }
        return SSL_TLSEXT_ERR_ALERT_FATAL
    }
}
