/// A value and the dotted path to it, which both appear in errors.
public struct YAMLCursor: Sendable {
    /// The path as the user writes it, for example `target.port`; empty at the root.
    public let path: String
    /// The value.
    public let node: YAMLNode
    /// True if errors do not repeat the value, because it may be a secret.
    public let isSecret: Bool

    /// Creates a cursor for a value at a path.
    /// - Parameter isSecret: True if errors about this value, or about a value within, do not repeat it.
    public init(_ node: YAMLNode, path: String = "", isSecret: Bool = false) {
        self.path = path
        self.node = node
        self.isSecret = isSecret
    }

    /// Returns the scalar's characters as written, regardless of their meaning in YAML: `on`, `010` and `8080` are
    /// texts.
    public func text() throws(YAMLError) -> String {
        guard case .scalar(let text, let isPlain) = node.content, !isPlain || text.isEmpty || !node.isNull else {
            throw error("be a text")
        }
        guard !text.utf8.contains(0) else { throw error("hold no zero byte") }
        return text
    }

    /// Returns a decimal number without fraction that is written without quotes.
    public func wholeNumber() throws(YAMLError) -> Int {
        let requirement = "be a whole number"
        guard case .scalar(let text, let isPlain) = node.content else { throw error(requirement) }
        guard isPlain else { throw error(requirement + " without quotes") }
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        guard !digits.isEmpty, digits.allSatisfy(Self.isDigit) else { throw error(requirement) }
        // YAML 1.1 reads 010 as eight, YAML 1.2 as ten. Users should not have to know the difference.
        guard digits.count == 1 || digits.first != UInt8(ascii: "0") else {
            throw error(requirement + " that does not begin with 0")
        }
        guard let number = Int(text) else { throw error(requirement + " of at most 18 digits") }
        return number
    }

    /// Returns a decimal number that is written without quotes.
    public func number() throws(YAMLError) -> Double {
        guard case .scalar(let text, isPlain: true) = node.content,
            text.utf8.allSatisfy({ Self.isDigit($0) || "+-.eE".utf8.contains($0) }),
            let number = Double(text), number.isFinite
        else { throw error("be a number, without quotes") }
        return number
    }

    /// Returns the value of `true` or `false`.
    public func flag() throws(YAMLError) -> Bool {
        switch node.content {
        case .scalar("true", isPlain: true): return true
        case .scalar("false", isPlain: true): return false
        default: throw error("be true or false")
        }
    }

    /// Returns the elements of a sequence.
    /// - Parameter example: a valid value for the error if the value is not a sequence.
    public func list(example: String) throws(YAMLError) -> [YAMLCursor] {
        guard case .list(let elements) = node.content else { throw error("be a list such as \(example)") }
        return elements.enumerated().map { YAMLCursor($1, path: "\(path)[\($0)]", isSecret: isSecret) }
    }

    /// Returns the members of a mapping.
    /// - Parameter example: a valid value for the error if the value is not a mapping.
    public func map(example: String? = nil) throws(YAMLError) -> YAMLMap {
        guard case .map(let members) = node.content else {
            throw error("be a map" + (example.map { " such as \($0)" } ?? " of fields"))
        }
        return YAMLMap(path: path, position: node.position, members: members, isSecret: isSecret)
    }

    /// Returns an error with the message "path is …: it must `requirement`."
    public func error(_ requirement: String) -> YAMLError {
        let name = path.isEmpty ? "The document" : path
        let field = path.isEmpty ? nil : path
        guard !isSecret, !node.isSecret else {
            return YAMLError("\(name) must \(requirement).", at: node.position, field: field)
        }
        let value =
            switch node.content {
            case .scalar where node.isNull: "empty"
            case .scalar(let text, _): "\"\(text.count > 80 ? text.prefix(77) + "..." : text[...])\""
            case .list: "a list"
            case .map: "a map"
            }
        return YAMLError("\(name) is \(value): it must \(requirement).", at: node.position, field: field)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
