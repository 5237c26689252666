/// An API token that F2S has issued, as it is stored: without its secret.
///
/// The text of a token is `f2s_ID_SECRET`. The ID is public. The secret consists of 256 random bits, so it cannot be
/// guessed, and a fast digest of the text is enough to recognize it.
public struct APIToken: Sendable, Hashable {
    /// The ID: 12 hexadecimal digits in lower case.
    public let id: String
    /// The name of the token: 1 to 100 visible characters.
    public let name: String
    /// The groups of the caller, 1 to 20.
    public let groups: [String]
    /// The digest SHA-256 of the whole text of the token.
    public let digest: [UInt8]
    /// The time of creation, in seconds since 1970.
    public let created: Int64
    /// The time of expiry, in seconds since 1970; `nil` if the token does not expire.
    public let expires: Int64?

    /// The text with which each token begins.
    public static let prefix = "f2s_"
    /// The number of random bytes of an ID.
    public static let idBytes = 6
    /// The number of random bytes of a secret.
    public static let secretBytes = 32
    /// The number of bytes of a digest.
    public static let digestBytes = 32
    /// The largest number of characters of a name.
    public static let nameLengthMax = 100
    /// The largest number of groups.
    public static let groupsMax = 20

    /// Characters may be composed of any number of bytes, so a name is bounded in bytes too.
    private static let nameBytesMax = 400

    /// Creates a token.
    /// - Throws: A ``FieldError`` for the first value that is out of its bounds.
    public init(
        id: String, name: String, groups: [String], digest: [UInt8], created: Int64, expires: Int64?
    ) throws(FieldError) {
        guard let bytes = [UInt8](hexText: id), bytes.count == Self.idBytes else {
            throw FieldError(
                field: "id", value: id, requirement: "consist of \(2 * Self.idBytes) hexadecimal digits in lower case")
        }
        guard Self.isName(name) else {
            throw FieldError(
                field: "name", value: name,
                requirement: "have 1 to \(Self.nameLengthMax) visible characters, and no spaces")
        }
        guard (1...Self.groupsMax).contains(groups.count) else {
            throw FieldError(
                field: "groups", value: "\(groups.count) groups", requirement: "name 1 to \(Self.groupsMax) groups")
        }
        let bounds = 1...Function.Access.groupBytesMax
        if let group = groups.first(where: { !bounds.contains($0.utf8.count) }) {
            throw FieldError(
                field: "groups", value: group,
                requirement: "contain texts of 1 to \(Function.Access.groupBytesMax) bytes")
        }
        guard digest.count == Self.digestBytes else {
            throw FieldError(field: "sha256", value: nil, requirement: "consist of 64 hexadecimal digits in lower case")
        }
        self.id = id
        self.name = name
        self.groups = groups
        self.digest = digest
        self.created = created
        self.expires = expires
    }

    private static func isName(_ text: String) -> Bool {
        text.utf8.count <= nameBytesMax && (1...nameLengthMax).contains(text.count)
            && !text.contains(where: \.isWhitespace) && text.printable.hasSameBytes(as: text)
    }

    /// The name of the caller. It has a prefix, so that a token cannot pass for a user.
    public var callerName: String { "token:\(name)" }

    /// Returns true if the token has expired.
    /// - Parameter now: The time in seconds since 1970.
    public func hasExpired(at now: Double) -> Bool { expires.map { now >= Double($0) } ?? false }

    /// Returns the text of the token with this ID and secret.
    public static func text(id: String, secret: [UInt8]) -> String { "\(prefix)\(id)_\(secret.hexText)" }

    /// Returns the ID in the text of a token; `nil` if the text does not have the form of one.
    public static func id(in text: Substring) -> String? {
        guard text.hasPrefix(prefix) else { return nil }
        let parts = text.dropFirst(prefix.count).split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 2, [UInt8](hexText: parts[0])?.count == idBytes,
            [UInt8](hexText: parts[1])?.count == secretBytes
        else { return nil }
        return String(parts[0])
    }
}

extension APIToken: Codable {
    private enum CodingKeys: String, CodingKey {
        case id, name, groups
        case digest = "sha256"
        case created, expires
    }

    /// Decodes a stored token, with the same bounds as ``init(id:name:groups:digest:created:expires:)``.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let expires = try container.decodeIfPresent(String.self, forKey: .expires)
        let id = try container.decode(String.self, forKey: .id)
        let name = try container.decode(String.self, forKey: .name)
        let groups = try container.decode([String].self, forKey: .groups)
        let digest = [UInt8](hexText: try container.decode(String.self, forKey: .digest)) ?? []
        let created = try Self.seconds(of: try container.decode(String.self, forKey: .created), .created, container)
        let expiry = try expires.map { try Self.seconds(of: $0, .expires, container) }
        do {
            try self.init(id: id, name: name, groups: groups, digest: digest, created: created, expires: expiry)
        } catch {
            let context = DecodingError.Context(codingPath: container.codingPath, debugDescription: "\(error)")
            throw DecodingError.dataCorrupted(context)
        }
    }

    private static func seconds(
        of text: String, _ key: CodingKeys, _ container: KeyedDecodingContainer<CodingKeys>
    ) throws -> Int64 {
        guard let seconds = TimeText.secondsSince1970(text) else {
            throw DecodingError.dataCorruptedError(
                forKey: key, in: container, debugDescription: "it is not a time in RFC 3339")
        }
        // Such a text has a year of four digits, so the number is small.
        return Int64(seconds)
    }

    /// Encodes the form that is stored.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(name, forKey: .name)
        try container.encode(groups, forKey: .groups)
        try container.encode(digest.hexText, forKey: .digest)
        try container.encode(TimeText.utc(secondsSince1970: created), forKey: .created)
        try container.encodeIfPresent(expires.map { TimeText.utc(secondsSince1970: $0) }, forKey: .expires)
    }
}
