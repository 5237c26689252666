import CLinux
import F2SModel
import Glibc

/// The address of a socket: an IP address with a port, or a path.
struct SocketAddress: Sendable {
    private var storage = sockaddr_storage()
    private let length: socklen_t

    /// - Throws: An error if `ip` is not an IPv4 or IPv6 address, or `port` is out of range.
    init(ip: String, port: Int) throws(SystemError) {
        guard let port = UInt16(exactly: port) else { throw SystemError(call: "port \(port)", code: EINVAL) }
        var v4 = sockaddr_in()
        var v6 = sockaddr_in6()
        if inet_pton(AF_INET, ip, &v4.sin_addr) == 1 {
            v4.sin_family = sa_family_t(AF_INET)
            v4.sin_port = port.bigEndian
            length = socklen_t(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: v4, as: sockaddr_in.self) }
        } else if inet_pton(AF_INET6, ip, &v6.sin6_addr) == 1 {
            v6.sin6_family = sa_family_t(AF_INET6)
            v6.sin6_port = port.bigEndian
            length = socklen_t(MemoryLayout<sockaddr_in6>.size)
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: v6, as: sockaddr_in6.self) }
        } else {
            throw SystemError(call: "address '\(ip)'", code: EINVAL)
        }
    }

    /// - Throws: An error if the path does not fit into a Unix socket's address.
    init(unixPath path: String) throws(SystemError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw SystemError(call: "socket path '\(path)'", code: ENAMETOOLONG)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        length = socklen_t(MemoryLayout<sockaddr_un>.size)
        withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: address, as: sockaddr_un.self) }
    }

    /// Creates an address that the system has filled in.
    init(_ storage: sockaddr_storage) {
        self.storage = storage
        length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    }

    var family: Int32 { Int32(storage.ss_family) }

    /// The IP address as text; `nil` for a path. An IPv4 address that an IPv6 socket has accepted is shown as IPv4.
    var ip: String? { number?.description }

    /// The IP address as a number; `nil` for a path.
    var number: IPAddress? {
        withUnsafeBytes(of: storage) { bytes -> IPAddress? in
            switch family {
            case AF_INET:
                IPAddress(v4: UInt32(bigEndian: bytes.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr))
            case AF_INET6:
                withUnsafeBytes(of: bytes.loadUnaligned(as: sockaddr_in6.self).sin6_addr) {
                    IPAddress(
                        high: UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                        low: UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
                }
            default: nil
            }
        }
    }

    /// The port; `nil` for a path.
    var port: Int? {
        withUnsafeBytes(of: storage) { bytes in
            switch family {
            case AF_INET: Int(UInt16(bigEndian: bytes.loadUnaligned(as: sockaddr_in.self).sin_port))
            case AF_INET6: Int(UInt16(bigEndian: bytes.loadUnaligned(as: sockaddr_in6.self).sin6_port))
            default: nil
            }
        }
    }

    /// Passes the address to a system call.
    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}
