/// Something untidy: where it is and what to do about it.
struct Finding: Hashable, CustomStringConvertible {
    /// Path from the repository's root.
    let path: String
    /// Line from 1.
    let line: Int
    /// What is wrong and what to do instead.
    let message: String

    /// `file:line: message`, as compilers write it, so that editors jump there.
    var description: String { "\(path):\(line): \(message)" }
}
