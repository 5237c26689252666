/// A text file of the repository.
struct SourceFile {
    /// The path relative to the repository's root, with slashes.
    let path: String
    /// The complete text.
    let text: String
    /// The lines without their line ends. A line end at the end of the file does not begin another line.
    let lines: [Substring]
    /// The tokens and comments of a Swift file; empty for another file.
    let swift: SwiftText

    init(path: String, text: String) {
        self.path = path
        self.text = text
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        self.lines = lines
        swift = path.hasSuffix(".swift") ? SwiftText(text) : SwiftText("")
    }

    /// True if the file contains Swift.
    var isSwift: Bool { path.hasSuffix(".swift") }

    /// True if the file belongs to the product and not to its tests, documentation or tools.
    var isProduct: Bool { path.hasPrefix("Sources/") }

    /// The components of the path.
    var components: [Substring] { path.split(separator: "/") }

    func finding(_ line: Int, _ message: String) -> Finding { Finding(path: path, line: line, message: message) }
}
