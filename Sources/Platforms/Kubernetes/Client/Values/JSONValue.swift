/// Any JSON value. It preserves the fields of an API server's object that F2S does not know.
enum JSONValue: Sendable, Hashable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number without fraction or exponent that fits into 64 bits.
    case integer(Int64)
    /// Any other number.
    case number(Double)
    /// A string.
    case string(String)
    /// A list.
    case array([JSONValue])
    /// Members by name; their order means nothing.
    case object([String: JSONValue])

    /// A member of an object. Setting a member replaces a value that is not an object by an object; setting `nil`
    /// removes the member.
    subscript(_ key: String) -> JSONValue? {
        get {
            guard case .object(let members) = self else { return nil }
            return members[key]
        }
        set {
            var members: [String: JSONValue] = [:]
            if case .object(let present) = self { members = present }
            // The value is released first, so that the dictionary is changed in place and not copied.
            self = .null
            members[key] = newValue
            self = .object(members)
        }
    }

    /// An element of a list; `nil` if there is none.
    subscript(_ index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// The value at a path of members; `nil` if there is none.
    subscript(path path: String...) -> JSONValue? {
        path.reduce(Optional(self)) { $0?[$1] }
    }

    /// The string; `nil` if the value is not a string.
    var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The whole number, even if it was written with a fraction of zero; `nil` if the value is not a whole number.
    var integerValue: Int? {
        switch self {
        case .integer(let number): Int(exactly: number)
        case .number(let number): Int(exactly: number)
        default: nil
        }
    }

    /// The Boolean; `nil` if the value is not a Boolean.
    var boolValue: Bool? {
        guard case .bool(let flag) = self else { return nil }
        return flag
    }

    /// The elements of a list; `nil` if the value is not a list.
    var elements: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The members of an object; `nil` if the value is not an object.
    var members: [String: JSONValue]? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    /// True if the value is `null`.
    var isNull: Bool { self == .null }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    init(nilLiteral: ()) { self = .null }
    init(booleanLiteral value: Bool) { self = .bool(value) }
    init(integerLiteral value: Int64) { self = .integer(value) }
    init(floatLiteral value: Double) { self = .number(value) }
    init(stringLiteral value: String) { self = .string(value) }
    init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// Creates an object. Of several members with the same name, the last one counts.
    init(dictionaryLiteral members: (String, JSONValue)...) {
        self = .object(Dictionary(members) { _, last in last })
    }
}

extension JSONValue {
    /// Creates a string.
    init(_ text: String) { self = .string(text) }
    /// Creates a whole number.
    init(_ number: Int) { self = .integer(Int64(number)) }
    /// Creates a Boolean.
    init(_ flag: Bool) { self = .bool(flag) }
    /// Creates an object of strings, such as labels.
    init(_ texts: [String: String]) { self = .object(texts.mapValues { .string($0) }) }
    /// Creates a list of strings.
    init(_ texts: [String]) { self = .array(texts.map { .string($0) }) }
}
