/// A violation of a rule, with its location and a remedy.
struct Finding: Hashable, CustomStringConvertible {
    /// The path relative to the repository's root.
    let path: String
    /// The line, counted from 1.
    let line: Int
    /// The violation and the remedy.
    let message: String

    /// The finding as `file:line: message`. Compilers use the same form, so editors can jump to the line.
    var description: String { "\(path):\(line): \(message)" }
}
