import Glibc
import ProcessSupport

/// A port on which nothing listens, below those that connections get: dialling one of these in a loop sooner or
/// later connects to itself.
func freePort() throws -> Int {
    try eventually("a port is free") {
        let port = Int.random(in: 15_000..<30_000)
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
