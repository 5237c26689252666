import Glibc

/// A system call that failed: which, and the system's number for why.
struct SystemError: Error, Equatable, CustomStringConvertible {
    let call: String
    /// As `errno` has it.
    let code: Int32

    /// What `errno` says now.
    static func last(_ call: String) -> SystemError { SystemError(call: call, code: errno) }

    var description: String { "\(call): \(String(cString: strerror(code))) (errno: \(code))" }
}
