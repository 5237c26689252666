internal import CLibSSL
import Glibc

/// The server's side of TLS on one accepted socket. Its methods look like the system calls that they stand for, so that
/// a stream uses both in the same way.
///
/// The handshake needs no call of its own: it is a part of ``receive(_:upTo:)``.
final class TLSSession {
    private let pointer: OpaquePointer
    private let descriptor: Int32
    /// Bytes of the client that were received before the session began.
    private var prefix: Buffer?
    /// The first byte from the client; `nil` until it has arrived.
    private var firstByte: UInt8?
    /// The error of the last system call; 0 if the client has ended its sending direction.
    private var systemError: Int32 = 0
    /// The error number of the next ``receive(_:upTo:)``, if it is already known; 0 is the end of the stream.
    private var pendingResult: Int32?
    /// True if a record is composed that the socket has accepted in part or not at all.
    private var isRecordPending = false
    /// True if nothing more can be sent.
    private var isFinished = false
    /// True once the handshake is complete.
    private(set) var isEstablished = false
    /// The bytes that this call of ``receive(_:upTo:)`` may still read from the socket.
    private var budget = 0
    /// True if the handshake waits until the socket accepts more bytes.
    private(set) var awaitsOutput = false
    /// True if bytes may be left that the socket does not announce again.
    private(set) var hasPendingInput = false

    /// The most bytes that are read from the socket at once. Records without content, such as key updates, count too: a
    /// client that sends only these must not keep the loop from its other connections.
    private static let budgetBytes = 64 * 1024

    /// The error number for a client that violates TLS.
    private static let violation = EPROTO

    /// Creates a session.
    /// - Parameter prefix: The bytes that were received already.
    /// - Returns: `nil` if memory is short.
    init?(_ context: TLSContext, descriptor: Int32, prefix: Span<UInt8>) {
        guard let method = Self.method, let pointer = SSL_new(context.pointer) else { return nil }
        guard let socket = BIO_new(method) else {
            SSL_free(pointer)
            return nil
        }
        self.pointer = pointer
        self.descriptor = descriptor
        SSL_set_bio(pointer, socket, socket)
        SSL_set_accept_state(pointer)
        if !prefix.isEmpty {
            let buffer = Buffer(capacity: prefix.count)
            buffer.append(prefix)
            self.prefix = buffer
            hasPendingInput = true
        }
        // The library calls back only within methods of this object, so it is alive then.
        BIO_set_data(socket, Unmanaged.passUnretained(self).toOpaque())
        BIO_set_init(socket, 1)
    }

    deinit { SSL_free(pointer) }

    /// True if the client has sent something.
    var hasBegun: Bool { firstByte != nil }

    /// True if the client has sent the beginning of an HTTP request, and no TLS.
    var receivedPlainHTTP: Bool { firstByte.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) } ?? false }

    /// Receives as many bytes as have arrived, like recv(2).
    /// - Returns: The number of bytes; 0 if the client has ended its sending direction properly; -1 with `errno`. It is
    ///   EAGAIN if no byte has arrived, EPROTO if the client violates TLS, and ECONNRESET if the connection ended
    ///   without `close_notify`.
    func receive(_ target: UnsafeMutableRawPointer, upTo countMax: Int) -> Int {
        hasPendingInput = false
        awaitsOutput = false
        if let end = pendingResult { return result(of: end) }
        budget = Self.budgetBytes
        defer { if !isEstablished { isEstablished = SSL_is_init_finished(pointer) == 1 } }
        var total = 0
        repeat {
            var count = 0
            ERR_clear_error()
            guard SSL_read_ex(pointer, target + total, countMax - total, &count) == 1 else {
                let end = endOfReading()
                guard total > 0 else { return result(of: end) }
                if end != EAGAIN {
                    pendingResult = end
                    hasPendingInput = true
                }
                return total
            }
            total += count
            // Another attempt would only make a system call that the socket did not announce.
            guard SSL_has_pending(pointer) == 1 || prefix != nil else { return total }
        } while total < countMax
        hasPendingInput = true
        return total
    }

    private func result(of end: Int32) -> Int {
        errno = end
        return end == 0 ? 0 : -1
    }

    /// Returns the reason for which nothing more was read: 0 for a proper end, or an error number.
    private func endOfReading() -> Int32 {
        switch SSL_get_error(pointer, 0) {
        case SSL_ERROR_WANT_READ: return EAGAIN
        case SSL_ERROR_WANT_WRITE:
            awaitsOutput = true
            return EAGAIN
        case SSL_ERROR_ZERO_RETURN: return 0
        case SSL_ERROR_SYSCALL:
            isFinished = true
            guard systemError == 0 else { return systemError }
            // A client that connects and sends nothing, such as a probe, may end at any time.
            return firstByte == nil ? 0 : ECONNRESET
        default:
            isFinished = true
            ERR_clear_error()
            return Self.violation
        }
    }

    /// Sends as many bytes as the socket accepts at once, like send(2). After a result of fewer bytes, or of -1 with
    /// EAGAIN, the next call must begin with the bytes that were not sent.
    /// - Returns: The number of bytes; -1 with `errno`: EAGAIN if the socket accepts nothing now, and EPIPE if the
    ///   connection or its TLS has failed.
    func send(_ bytes: Span<UInt8>) -> Int {
        bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return 0 }
            var total = 0
            while total < bytes.count {
                var count = 0
                ERR_clear_error()
                guard SSL_write_ex(pointer, start + total, bytes.count - total, &count) == 1 else {
                    isRecordPending = SSL_get_error(pointer, 0) == SSL_ERROR_WANT_WRITE
                    guard !isRecordPending else {
                        errno = EAGAIN
                        return total > 0 ? total : -1
                    }
                    isFinished = true
                    ERR_clear_error()
                    errno = EPIPE
                    return -1
                }
                total += count
            }
            isRecordPending = false
            return total
        }
    }

    /// Tells the client that no more bytes follow (`close_notify`), unless bytes are missing. A client that does not
    /// get this message knows that the content may be incomplete.
    func sendCloseNotify() {
        guard !isFinished, !isRecordPending, isEstablished else { return }
        isFinished = true
        ERR_clear_error()
        SSL_shutdown(pointer)
    }
}

// The socket, as the library sees it. The library's own sockets would raise SIGPIPE.
extension TLSSession {
    // Safe: Swift creates it once, nothing changes it afterwards, and the library only reads it.
    nonisolated(unsafe) private static let method: OpaquePointer? = {
        guard let method = BIO_meth_new(BIO_get_new_index() | bioTypeSocket, "socket") else { return nil }
        BIO_meth_set_read(method) { socket, bytes, count in
            TLSSession.of(socket)?.readSocket(socket, bytes, Int(count)) ?? -1
        }
        BIO_meth_set_write(method) { socket, bytes, count in
            TLSSession.of(socket)?.writeSocket(socket, bytes, Int(count)) ?? -1
        }
        // No answer to BIO_CTRL_EOF: with one, the library would report the end of a connection as a violation of TLS.
        BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
        return method
    }()

    private static func of(_ socket: OpaquePointer?) -> TLSSession? {
        BIO_get_data(socket).map { Unmanaged<TLSSession>.fromOpaque($0).takeUnretainedValue() }
    }

    private func readSocket(_ socket: OpaquePointer?, _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int32 {
        BIO_clear_flags(socket, bioRetryFlags)
        guard budget > 0 || prefix != nil else {
            // The kernel still holds the other bytes, and announces them again.
            BIO_set_flags(socket, bioRetryRead)
            return -1
        }
        let received = takePrefix(bytes, count) ?? recv(descriptor, bytes, count, 0)
        budget -= max(0, received)
        if received > 0, firstByte == nil { firstByte = bytes.map { UInt8(bitPattern: $0[0]) } }
        recordResult(received, on: socket, bioRetryRead)
        return Int32(truncatingIfNeeded: received)
    }

    /// Moves bytes out of ``prefix``.
    /// - Returns: Their number; `nil` if there is no prefix.
    private func takePrefix(_ target: UnsafeMutablePointer<CChar>?, _ countMax: Int) -> Int? {
        guard let prefix, let target else { return nil }
        let count = min(countMax, prefix.count)
        prefix.withBytes { bytes in
            bytes.extracting(first: count).withUnsafeBytes {
                UnsafeMutableRawBufferPointer(start: target, count: count).copyMemory(from: $0)
            }
        }
        prefix.drop(count)
        if prefix.isEmpty { self.prefix = nil }
        return count
    }

    private func writeSocket(_ socket: OpaquePointer?, _ bytes: UnsafePointer<CChar>?, _ count: Int) -> Int32 {
        BIO_clear_flags(socket, bioRetryFlags)
        let sent = Socket.send(descriptor, bytes, count)
        recordResult(sent, on: socket, bioRetryWrite)
        return Int32(truncatingIfNeeded: sent)
    }

    /// Stores the error of a system call. The library tries temporary ones again.
    private func recordResult(_ result: Int, on socket: OpaquePointer?, _ retry: Int32) {
        guard result <= 0 else { return }
        systemError = result < 0 ? errno : 0
        if result < 0, Stream.isPassing(systemError) { BIO_set_flags(socket, retry) }
    }
}
