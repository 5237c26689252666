import Glibc

/// A system call that failed: its name, and the system's error number.
struct SystemError: Error, Equatable, CustomStringConvertible {
    let call: String
    /// The value of `errno`.
    let code: Int32

    /// Returns an error with the current value of `errno`.
    static func last(_ call: String) -> SystemError { SystemError(call: call, code: errno) }

    var description: String { "\(call): \(String(cString: strerror(code))) (errno: \(code))" }
}

// Failures of attempts to connect to a replica.
extension SystemError {
    /// True if the replica itself is not reachable. A timeout means that it is busy, and a lack of descriptors or ports
    /// concerns this process: neither suspends a replica.
    var isConnectionRefused: Bool {
        [ECONNREFUSED, ECONNRESET, ECONNABORTED, EHOSTUNREACH, ENETUNREACH, ENOENT].contains(code)
    }

    /// True if this process, or the machine, has no descriptor left. The failure does not concern the replica.
    var isOutOfDescriptors: Bool { [EMFILE, ENFILE].contains(code) }
}
