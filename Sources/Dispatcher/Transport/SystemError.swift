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
