import Glibc

/// Opens listening sockets before the dispatcher exists.
enum ListenSocket {
    /// Opens a socket that listens on an address.
    /// - Parameter isV6Only: True if an IPv6 address must not accept IPv4 connections.
    /// - Returns: The descriptor, which child programs do not inherit, or the error number.
    static func open(_ endpoint: ServeOptions.Endpoint, backlog: Int32, isV6Only: Bool) -> Result<Int32, Failure> {
        let isV6 = endpoint.host.contains(":")
        let descriptor = socket(
            isV6 ? AF_INET6 : AF_INET,
            Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return .failure(Failure(number: errno)) }
        // Recently closed connections must not block the address.
        set(descriptor, SOL_SOCKET, SO_REUSEADDR)
        // Accepted connections inherit this option: a response never waits for the acknowledgement of the previous one.
        set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY)
        let port = in_port_t(UInt16(endpoint.port).bigEndian)
        let result: Int32
        if isV6 {
            if isV6Only { set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY) }
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port
            inet_pton(AF_INET6, endpoint.host, &address.sin6_addr)
            result = bound(descriptor, &address)
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port
            inet_pton(AF_INET, endpoint.host, &address.sin_addr)
            result = bound(descriptor, &address)
        }
        guard result == 0, listen(descriptor, backlog) == 0 else {
            let number = errno
            close(descriptor)
            return .failure(Failure(number: number))
        }
        return .success(descriptor)
    }

    /// The error that the system returned.
    struct Failure: Error {
        let number: Int32
    }

    private static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32) {
        var isOn: Int32 = 1
        setsockopt(descriptor, level, option, &isOn, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func bound<Address>(_ descriptor: Int32, _ address: inout Address) -> Int32 {
        withUnsafeBytes(of: &address) { bytes in
            guard let start = bytes.baseAddress else { return -1 }
            return bind(descriptor, start.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
    }
}
