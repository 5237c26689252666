import F2SModel
import FoundationEssentials

/// A JSON object (RFC 8259): the claims of a token, or a document of a provider.
struct JSONObject: Sendable {
    /// A value of a member.
    enum Value: Sendable, Hashable {
        case null
        case flag(Bool)
        case number(Double)
        case text(String)
        case list([Value])
        case object([String: Value])

        /// The text, if the value is one.
        var text: String? { if case .text(let text) = self { text } else { nil } }
    }

    private let members: [String: Value]

    /// Creates an object of its members.
    init(_ members: [String: Value]) { self.members = members }

    /// The deepest nesting that is decoded.
    private static let depthMax = 16

    /// Decodes an object; `nil` if the bytes are not one, or if they have more structure than any honest sender writes.
    /// - Parameter marksMax: The largest number of brackets, colons and commas. The decoder takes about a microsecond
    ///   for each.
    init?(_ bytes: [UInt8], marksMax: Int = 2048) {
        guard Self.isBounded(bytes, marksMax) else { return nil }
        guard case .object(let members)? = try? JSONDecoder().decode(Value.self, from: Data(bytes)) else { return nil }
        self.members = members
    }

    private static func isBounded(_ bytes: [UInt8], _ marksMax: Int) -> Bool {
        var (depth, marks, isText, isEscaped) = (0, 0, false, false)
        for byte in bytes {
            if isText {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isText = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isText = true
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                marks += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            case UInt8(ascii: ","), UInt8(ascii: ":"): marks += 1
            default: break
            }
            guard depth <= depthMax, marks <= marksMax else { return false }
        }
        return true
    }

    /// Returns the value of a member, or of a member of a member with dots between the names, as Keycloak's
    /// `realm_access.roles`; `nil` if there is none, or if it is `null`.
    subscript(path: String) -> Value? {
        if let value = members[path] { return value == .null ? nil : value }
        for (index, character) in zip(path.indices, path) where character == "." {
            if case .object(let inner)? = members[String(path[..<index])],
                let value = JSONObject(inner)[String(path[path.index(after: index)...])]
            {
                return value
            }
        }
        return nil
    }

    /// Returns the texts of a member: those of a list, or the text itself. Other values of a list are left out.
    func texts(_ path: String) -> [String] {
        switch self[path] {
        case .text(let text): [text]
        case .list(let values): values.compactMap(\.text)
        default: []
        }
    }
}

extension JSONObject.Value: Decodable {
    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        // The most frequent kinds come first, because each wrong attempt makes an error.
        if container.decodeNil() {
            self = .null
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let flag = try? container.decode(Bool.self) {
            self = .flag(flag)
        } else if let values = try? container.decode([Self].self) {
            self = .list(values)
        } else {
            self = .object(try container.decode([String: Self].self))
        }
    }
}
