import Glibc

/// Listens on every address for a moment before anything is started: an address that is taken is told by the option
/// that names it, and nothing is left half started.
enum AddressCheck {
    /// - Throws: ``ServeError/addressTaken(option:address:reason:)`` for the first address that cannot be listened on.
    static func run(_ addresses: [(option: String, endpoint: ServeOptions.Endpoint)]) throws(ServeError) {
        // All are kept until the last one is tried: two options may name one address.
        var sockets: [Int32] = []
        defer { for descriptor in sockets { close(descriptor) } }
        for (option, endpoint) in addresses where endpoint.isAddress {
            let descriptor = socket(
                endpoint.host.contains(":") ? AF_INET6 : AF_INET,
                Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            guard descriptor >= 0 else { throw failure(option, endpoint, errno) }
            sockets.append(descriptor)
            if let number = listen(descriptor, endpoint) { throw failure(option, endpoint, number) }
        }
    }

    /// The error number; `nil`: it listens.
    private static func listen(_ descriptor: Int32, _ endpoint: ServeOptions.Endpoint) -> Int32? {
        var isOn: Int32 = 1
        // As the listeners themselves do: connections that have just ended are no obstacle.
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &isOn, socklen_t(MemoryLayout<Int32>.size))
        let port = in_port_t(UInt16(endpoint.port).bigEndian)
        let result: Int32
        if endpoint.host.contains(":") {
            setsockopt(
                descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &isOn, socklen_t(MemoryLayout<Int32>.size))
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
        return result == 0 && Glibc.listen(descriptor, 1) == 0 ? nil : errno
    }

    private static func bound<Address>(_ descriptor: Int32, _ address: inout Address) -> Int32 {
        withUnsafeBytes(of: &address) { bytes in
            guard let start = bytes.baseAddress else { return -1 }
            return bind(descriptor, start.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
    }

    private static func failure(
        _ option: String, _ endpoint: ServeOptions.Endpoint, _ number: Int32
    ) -> ServeError {
        .addressTaken(
            option: option, address: endpoint.text(port: endpoint.port), reason: String(cString: strerror(number)))
    }
}
