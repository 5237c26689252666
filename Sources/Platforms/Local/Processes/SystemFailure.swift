import Glibc

/// The error of a system call.
struct SystemFailure: Error, Sendable, Hashable {
    /// The error number, from errno(3).
    let code: Int32

    /// True if this process or the machine has run out of descriptors. Descriptors that were sent but not yet received
    /// count, too.
    var isOutOfDescriptors: Bool { [EMFILE, ENFILE, ETOOMANYREFS].contains(code) }

    /// The system's text for the error.
    var text: String { String(cString: strerror(code)) }
}
