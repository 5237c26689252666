import Glibc
import NIOCore

/// What a failed attempt to connect says about the replica.
enum ConnectFailure {
    /// Whether the replica itself is not there. Time that ran out says that it is busy, and a lack of descriptors or
    /// ports is our own: neither takes a replica out of use.
    static func isRefusal(_ error: any Error) -> Bool {
        if case ChannelError.alreadyClosed = error { return true }
        guard let error = error as? IOError else { return false }
        return [ECONNREFUSED, ECONNRESET, ECONNABORTED, EHOSTUNREACH, ENETUNREACH, ENOENT].contains(error.errnoCode)
    }
}
