import Glibc

/// Checks that every address is free by listening on it for a moment before anything is started. The error for an
/// address in use names its option, and nothing needs to be undone.
enum AddressCheck {
    /// Checks the addresses in their order.
    /// - Throws: ``ServeError/addressTaken(option:address:reason:)`` for the first address that is not available.
    static func run(_ addresses: [(option: String, endpoint: ServeOptions.Endpoint)]) throws(ServeError) {
        // All sockets stay open until the end, because two options may name the same address.
        var sockets: [Int32] = []
        defer { for descriptor in sockets { close(descriptor) } }
        for (option, endpoint) in addresses where endpoint.isAddress {
            switch ListenSocket.open(endpoint, backlog: 1, isV6Only: true) {
            case .success(let descriptor): sockets.append(descriptor)
            case .failure(let failure):
                throw .addressTaken(
                    option: option, address: endpoint.text(port: endpoint.port),
                    reason: String(cString: strerror(failure.number)))
            }
        }
    }
}
