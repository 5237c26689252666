import CLibSSL
import Glibc

/// A TLS 1.3 client that sends key updates (RFC 8446 section 4.6.3) and never reads. Each of them requests one in
/// return.
final class KeyUpdateClient {
    private let socket: Int32
    private let context: OpaquePointer?
    private let session: OpaquePointer?

    /// Connects to a port of this machine and completes the handshake.
    init(port: Int) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        context = SSL_CTX_new(TLS_client_method())
        session = SSL_new(context)
        // A write that the server does not accept within this time fails.
        var limit = timeval(tv_sec: 0, tv_usec: 300_000)
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        SSL_set_fd(session, socket)
        guard result == 0, SSL_connect(session) == 1 else { throw Late(description: "the handshake failed") }
    }

    deinit {
        SSL_free(session)
        SSL_CTX_free(context)
        close(socket)
    }

    /// Sends key updates until there are `countMax`, or until the server accepts no more bytes.
    /// - Returns: Their number.
    func flood(_ countMax: Int) -> Int {
        for count in 0..<countMax {
            ERR_clear_error()
            guard SSL_key_update(session, SSL_KEY_UPDATE_REQUESTED) == 1, SSL_do_handshake(session) == 1 else {
                return count
            }
        }
        return countMax
    }
}
