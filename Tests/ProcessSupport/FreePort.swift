import Glibc
import Synchronization

/// Returns a free port below the range of outgoing connections. A connection to a free port within that range may
/// connect to itself. No port is returned twice: a server that was started with the first one may not listen yet.
package func freePort() throws -> Int {
    try eventually("a port is free") {
        let port = Int.random(in: 15_000..<30_000)
        guard returned.withLock({ $0.insert(port).inserted }) else { return nil }
        let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(probe) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(probe, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return result == 0 ? port : nil
    }
}

private let returned = Mutex<Set<Int>>([])
