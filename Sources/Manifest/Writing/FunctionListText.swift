public import F2SModel

/// The text of a `FunctionList` as a sequence of parts. Each function is formatted only when its part is requested,
/// because the text of a thousand functions has megabytes.
public struct FunctionListText: Sequence, IteratorProtocol, Sendable {
    /// The format of the list.
    public enum Form: Sendable {
        /// JSON on one line.
        case json
        /// Block YAML.
        case yaml
    }

    /// The remainder of a list after this page (the names are those of Kubernetes' `ListMeta`).
    public struct Rest: Sendable {
        /// The token that requests the next page.
        public let token: String
        /// The number of functions after this page.
        public let count: Int

        /// Creates a remainder.
        public init(token: String, count: Int) {
            self.token = token
            self.count = count
        }
    }

    private enum Position {
        case head
        case function(Int)
        case end
    }

    private let functions: [Function]
    private let form: Form
    private let rest: Rest?
    private var position = Position.head

    /// Creates the text of a list of these functions.
    /// - Parameter rest: the remainder of the list after this page; `nil` if this is the last page.
    public init(_ functions: [Function], as form: Form, before rest: Rest? = nil) {
        self.functions = functions
        self.form = form
        self.rest = rest
    }

    /// Returns the next part: the text before the functions, one function, or the text after them.
    public mutating func next() -> String? {
        switch position {
        case .head:
            position = .function(0)
            return head
        case .function(let index) where index < functions.count:
            position = .function(index + 1)
            return text(at: index)
        case .function:
            position = .end
            return form == .json ? "]}" : ""
        case .end: return nil
        }
    }

    private var head: String {
        var members = ManifestValue.head(ManifestFields.listKind)
        if let rest {
            members.append(
                (
                    "metadata",
                    .map([("continue", .text(rest.token)), ("remainingItemCount", .bare("\(rest.count)"))])
                ))
        }
        switch form {
        case .json: return ManifestValue.map(members).json.dropLast() + ",\"items\":["
        case .yaml: return ManifestValue.map(members).yaml + (functions.isEmpty ? "items: []\n" : "items:\n")
        }
    }

    private func text(at index: Int) -> String {
        let value = ManifestValue(functions[index])
        switch form {
        case .json: return (index > 0 ? "," : "") + value.json
        case .yaml:
            var lines = ""
            value.writeElement(to: &lines, indent: "  ")
            return lines
        }
    }
}
