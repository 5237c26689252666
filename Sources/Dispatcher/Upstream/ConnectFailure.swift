import Glibc

/// Classifies the failures of attempts to connect to a replica.
enum ConnectFailure {
    /// Returns true if the replica itself is not reachable. A timeout means that it is busy, and a lack of descriptors
    /// or ports concerns this process: neither suspends a replica.
    static func isConnectionRefused(_ error: SystemError) -> Bool {
        [ECONNREFUSED, ECONNRESET, ECONNABORTED, EHOSTUNREACH, ENETUNREACH, ENOENT].contains(error.code)
    }

    /// Returns true if this process, or the machine, has no descriptor left. The failure does not concern the replica.
    static func isOutOfDescriptors(_ error: SystemError) -> Bool { [EMFILE, ENFILE].contains(error.code) }
}
