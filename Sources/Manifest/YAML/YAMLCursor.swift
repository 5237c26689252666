/// A value and the dotted path that led to it: what is wrong with it is told by both.
public struct YAMLCursor: Sendable {
    /// Path as the user writes it, for example `target.port`; empty at the root.
    public let path: String
    /// The value.
    public let node: YAMLNode

    /// A value at a path.
    public init(_ node: YAMLNode, path: String = "") {
        self.path = path
        self.node = node
    }

    /// The scalar's characters as written, whatever they would mean to YAML: `on`, `010` and `8080` are texts.
    public func text() throws(YAMLComplaint) -> String {
        guard case .scalar(let text, let isPlain) = node.content, !isPlain || text.isEmpty || !node.isNull else {
            throw complaint("be a text")
        }
        guard !text.utf8.contains(0) else { throw complaint("hold no zero byte") }
        return text
    }

    /// A decimal number without fraction, written without quotes.
    public func wholeNumber() throws(YAMLComplaint) -> Int {
        let requirement = "be a whole number"
        guard case .scalar(let text, let isPlain) = node.content else { throw complaint(requirement) }
        guard isPlain else { throw complaint(requirement + " without quotes") }
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        guard !digits.isEmpty, digits.allSatisfy(Self.isDigit) else { throw complaint(requirement) }
        // YAML 1.1 reads 010 as eight, YAML 1.2 as ten: nobody should have to know.
        guard digits.count == 1 || digits.first != UInt8(ascii: "0") else {
            throw complaint(requirement + " that does not begin with 0")
        }
        guard let number = Int(text) else { throw complaint(requirement + " of at most 18 digits") }
        return number
    }

    /// A decimal number, written without quotes.
    public func number() throws(YAMLComplaint) -> Double {
        guard case .scalar(let text, isPlain: true) = node.content,
            text.utf8.allSatisfy({ Self.isDigit($0) || "+-.eE".utf8.contains($0) }),
            let number = Double(text), number.isFinite
        else { throw complaint("be a number, without quotes") }
        return number
    }

    /// `true` or `false`.
    public func flag() throws(YAMLComplaint) -> Bool {
        switch node.content {
        case .scalar("true", isPlain: true): return true
        case .scalar("false", isPlain: true): return false
        default: throw complaint("be true or false")
        }
    }

    /// The elements of a sequence.
    /// - Parameter example: shown to who has written something else.
    public func list(example: String) throws(YAMLComplaint) -> [YAMLCursor] {
        guard case .list(let elements) = node.content else { throw complaint("be a list such as \(example)") }
        return elements.enumerated().map { YAMLCursor($1, path: "\(path)[\($0)]") }
    }

    /// The members of a mapping.
    /// - Parameter example: shown to who has written something else.
    public func map(example: String? = nil) throws(YAMLComplaint) -> YAMLMap {
        guard case .map(let members) = node.content else {
            throw complaint("be a map" + (example.map { " such as \($0)" } ?? " of fields"))
        }
        return YAMLMap(path: path, position: node.position, members: members)
    }

    /// "path is …: it must `requirement`."
    public func complaint(_ requirement: String) -> YAMLComplaint {
        let name = path.isEmpty ? "The document" : path
        let value =
            switch node.content {
            case .scalar where node.isNull: "empty"
            case .scalar(let text, _): "\"\(text.count > 80 ? text.prefix(77) + "..." : text[...])\""
            case .list: "a list"
            case .map: "a map"
            }
        return YAMLComplaint("\(name) is \(value): it must \(requirement).", at: node.position)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
