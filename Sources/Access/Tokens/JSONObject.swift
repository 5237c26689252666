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

    /// Decodes an object; `nil` if the bytes are not one.
    init?(_ bytes: [UInt8]) {
        guard case .object(let members)? = try? JSONDecoder().decode(Value.self, from: Data(bytes)) else { return nil }
        self.members = members
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
        if container.decodeNil() {
            self = .null
        } else if let flag = try? container.decode(Bool.self) {
            self = .flag(flag)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let values = try? container.decode([Self].self) {
            self = .list(values)
        } else {
            self = .object(try container.decode([String: Self].self))
        }
    }
}
