import Glibc

/// The error of a system call.
struct SystemFailure: Error, Sendable, Hashable {
    /// From errno(3).
    let code: Int32

    /// True if this process or the machine has run out of descriptors. Descriptors that were sent and not yet received
    /// count.
    var isOutOfDescriptors: Bool { [EMFILE, ENFILE, ETOOMANYREFS].contains(code) }

    /// The system's words.
    var text: String { String(cString: strerror(code)) }
}
