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
