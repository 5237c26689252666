/// A text file of the repository.
struct SourceFile {
    /// Path from the repository's root, with slashes.
    let path: String
    /// All of it.
    let text: String
    /// Its lines without their ends; a line end at the end of the file begins no further line.
    let lines: [Substring]
    /// What the scanner made of it; empty unless it is Swift.
    let swift: SwiftText

    init(path: String, text: String) {
        self.path = path
        self.text = text
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        self.lines = lines
        swift = path.hasSuffix(".swift") ? SwiftText(text) : SwiftText("")
    }

    /// Whether it is Swift.
    var isSwift: Bool { path.hasSuffix(".swift") }

    /// Whether it is part of the product rather than of its tests.
    var isProduct: Bool { path.hasPrefix("Sources/") }

    /// The path's parts.
    var components: [Substring] { path.split(separator: "/") }

    func finding(_ line: Int, _ message: String) -> Finding { Finding(path: path, line: line, message: message) }
}
