/// Why a command failed, as far as it is not the client's error.
struct CommandFailure: Error {
    /// One line that says what to do; `nil`: everything has been said already.
    let message: String?

    /// A failure with its line.
    init(_ message: String) { self.message = message }

    private init() { message = nil }

    /// A failure that has been reported as it happened.
    static let reported = CommandFailure()
}
