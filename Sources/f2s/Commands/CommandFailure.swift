/// A failure of a command that is not a ``ClientError``.
struct CommandFailure: Error {
    /// One line with advice; `nil` if the failure has been reported already.
    let message: String?

    /// Creates a failure with its message.
    init(_ message: String) { self.message = message }

    private init() { message = nil }

    /// A failure that has been reported already.
    static let reported = CommandFailure()
}
