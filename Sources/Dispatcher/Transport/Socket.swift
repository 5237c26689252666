import CLinux
import Glibc

/// The system calls on sockets that the transport makes; none of them blocks.
enum Socket {
    /// The most connections that the system holds until they are accepted; `net.core.somaxconn` may be less.
    static let backlog: Int32 = 4096

    /// Opens a socket that listens.
    static func listen(_ address: SocketAddress) throws(SystemError) -> Int32 {
        let descriptor = try open(address.family)
        set(descriptor, SOL_SOCKET, SO_REUSEADDR)
        // Accepted connections inherit this option. Without it, a response could wait until the previous one is
        // acknowledged.
        set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY)
        guard address.withPointer({ bind(descriptor, $0, $1) }) == 0 else { throw closing(descriptor, "bind") }
        guard Glibc.listen(descriptor, backlog) == 0 else { throw closing(descriptor, "listen") }
        return descriptor
    }

    /// Rejects connections from now on, even if another process holds a copy of the descriptor.
    static func stopListening(_ descriptor: Int32) { endBothDirections(descriptor) }

    /// Ends both directions of a connection.
    static func endBothDirections(_ descriptor: Int32) { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Begins to connect; the socket becomes writable when that has succeeded or failed.
    static func connect(_ address: SocketAddress) throws(SystemError) -> Int32 {
        let descriptor = try open(address.family)
        if address.family != AF_UNIX { set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY) }
        let result = address.withPointer { Glibc.connect(descriptor, $0, $1) }
        guard result == 0 || errno == EINPROGRESS else { throw closing(descriptor, "connect") }
        return descriptor
    }

    /// Accepts the next waiting connection. Returns `nil` if there is none, or if it fails with `errno`.
    static func accept(_ listener: Int32) -> (descriptor: Int32, peer: SocketAddress)? {
        var peer = sockaddr_storage()
        let descriptor = f2s_accept(listener, &peer)
        return descriptor < 0 ? nil : (descriptor, SocketAddress(peer))
    }

    /// Makes closing reset the connection and drop the bytes that are not sent.
    static func resetOnClose(_ descriptor: Int32) {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    /// Acknowledges the received bytes at once. Otherwise the kernel waits for up to 40 ms, and a sender that writes in
    /// parts without TCP_NODELAY waits with it (Nagle's algorithm, RFC 9293 section 3.7.4).
    static func acknowledge(_ descriptor: Int32) { set(descriptor, Int32(IPPROTO_TCP), TCP_QUICKACK) }

    /// Returns the address to which a socket is bound.
    static func localAddress(_ descriptor: Int32) -> SocketAddress? {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return result == 0 ? SocketAddress(address) : nil
    }

    /// Returns the error of a socket since the last call; 0 for none.
    static func pendingError(_ descriptor: Int32) -> Int32 {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == 0 ? code : errno
    }

    /// Sends as many bytes as the socket accepts at once.
    /// - Returns: The number of bytes; -1 with `errno`.
    static func send(_ descriptor: Int32, _ bytes: Span<UInt8>) -> Int {
        bytes.withUnsafeBufferPointer { send(descriptor, $0.baseAddress, $0.count) }
    }

    /// Sends as many of `count` bytes as the socket accepts at once.
    /// - Returns: The number of bytes; -1 with `errno`.
    static func send(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
        Glibc.send(descriptor, bytes, count, Int32(MSG_NOSIGNAL))
    }

    /// Sends two parts in one call.
    /// - Returns: The number of bytes of both that were accepted; -1 with `errno`.
    static func send(_ descriptor: Int32, _ first: Span<UInt8>, _ second: Span<UInt8>) -> Int {
        first.withUnsafeBufferPointer { first in
            second.withUnsafeBufferPointer { second in
                let parts = (part(first), part(second))
                return withUnsafePointer(to: parts) { parts in
                    var message = msghdr()
                    message.msg_iov = UnsafeMutableRawPointer(mutating: parts).assumingMemoryBound(to: iovec.self)
                    message.msg_iovlen = 2
                    return sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL))
                }
            }
        }
    }

    private static func part(_ bytes: UnsafeBufferPointer<UInt8>) -> iovec {
        iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
    }

    private static func open(_ family: Int32) throws(SystemError) -> Int32 {
        let type = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
        let descriptor = socket(family, Int32(type), 0)
        guard descriptor >= 0 else { throw .last("socket") }
        return descriptor
    }

    private static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32) {
        var one: Int32 = 1
        setsockopt(descriptor, level, option, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func closing(_ descriptor: Int32, _ call: String) -> SystemError {
        let error = SystemError.last(call)
        close(descriptor)
        return error
    }
}
