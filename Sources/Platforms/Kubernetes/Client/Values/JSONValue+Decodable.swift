/// The conformance that allows a typed value to keep a part as JSON.
extension JSONValue: Codable {
    private struct MemberName: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// Decodes any value.
    init(from decoder: any Decoder) throws {
        if let tree = decoder as? JSONTreeDecoder {
            self = tree.value
        } else if let keyed = try? decoder.container(keyedBy: MemberName.self) {
            var members: [String: JSONValue] = [:]
            for key in keyed.allKeys { members[key.stringValue] = try keyed.decode(JSONValue.self, forKey: key) }
            self = .object(members)
        } else if var list = try? decoder.unkeyedContainer() {
            var elements: [JSONValue] = []
            while !list.isAtEnd { elements.append(try list.decode(JSONValue.self)) }
            self = .array(elements)
        } else {
            let single = try decoder.singleValueContainer()
            if single.decodeNil() {
                self = .null
            } else if let text = try? single.decode(String.self) {
                self = .string(text)
            } else if let flag = try? single.decode(Bool.self) {
                self = .bool(flag)
            } else if let number = try? single.decode(Int64.self) {
                self = .integer(number)
            } else {
                self = .number(try single.decode(Double.self))
            }
        }
    }

    /// Encodes the value.
    func encode(to encoder: any Encoder) throws {
        switch self {
        case .object(let members):
            var keyed = encoder.container(keyedBy: MemberName.self)
            for (name, value) in members { try keyed.encode(value, forKey: MemberName(stringValue: name)) }
        case .array(let elements):
            var list = encoder.unkeyedContainer()
            for element in elements { try list.encode(element) }
        case .null: try encode { try $0.encodeNil() }
        case .bool(let flag): try encode { try $0.encode(flag) }
        case .integer(let number): try encode { try $0.encode(number) }
        case .number(let number): try encode { try $0.encode(number) }
        case .string(let text): try encode { try $0.encode(text) }
        }

        func encode(_ write: (inout any SingleValueEncodingContainer) throws -> Void) throws {
            var single = encoder.singleValueContainer()
            try write(&single)
        }
    }
}
