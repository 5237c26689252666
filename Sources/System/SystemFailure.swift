import Glibc

/// The error of a system call.
public struct SystemFailure: Error, Sendable, Hashable {
    /// The error number, from errno(3).
    public let code: Int32

    /// Creates the error with this number.
    public init(code: Int32) { self.code = code }

    /// True if this process or the machine has run out of descriptors. Descriptors that were sent but not yet received
    /// count, too.
    public var isOutOfDescriptors: Bool { [EMFILE, ENFILE, ETOOMANYREFS].contains(code) }

    /// The system's text for the error.
    public var text: String { String(cString: strerror(code)) }
}
