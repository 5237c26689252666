import Glibc

/// What a failed attempt to connect says about the replica.
enum ConnectFailure {
    /// Whether the replica itself is not there. Time that ran out says that it is busy, and a lack of descriptors or
    /// ports is our own: neither takes a replica out of use.
    static func isRefusal(_ error: SystemError) -> Bool {
        [ECONNREFUSED, ECONNRESET, ECONNABORTED, EHOSTUNREACH, ENETUNREACH, ENOENT].contains(error.code)
    }

    /// Whether this process, or the machine, has no descriptor left. The replica is as it was.
    static func isOutOfDescriptors(_ error: SystemError) -> Bool { [EMFILE, ENFILE].contains(error.code) }
}
