import F2SModel
import FoundationEssentials

/// The sealed content of a session cookie.
struct SessionContent: Codable, Hashable, Sendable {
    /// The proof of the caller's identity on which the session rests.
    enum Identity: Codable, Hashable, Sendable {
        /// A user of the settings; `stamp` recognizes its password, so that a changed one ends the session.
        case user(name: String, stamp: String)
        /// A token, as the value of an Authorization field. It is verified with each request.
        case token(authorization: String)
        /// A user of a provider; `stamp` recognizes its settings, so that changed ones end the session.
        case provider(ProviderIdentity, stamp: String)

        private enum CodingKeys: String, CodingKey {
            case user = "u"
            case token = "t"
            case provider = "p"
        }
    }

    /// The name of the session, which no other one has.
    let id: String
    /// See ``ConsoleSession/proof``.
    let proof: String
    /// The time at which the session ends, in seconds since 1970.
    let end: Double
    /// The caller.
    var identity: Identity

    private enum CodingKeys: String, CodingKey {
        case id = "i"
        case proof = "f"
        case end = "e"
        case identity = "c"
    }
}

/// A user of a provider who has signed in.
struct ProviderIdentity: Codable, Hashable, Sendable {
    /// The URL of the provider.
    let issuer: String
    /// The name of the user, with the prefix of the settings.
    var name: String
    /// The groups of the user, with the prefix of the settings.
    var groups: [String]
    /// The time until which the name and the groups may be used, in seconds since 1970.
    var validUntil: Double
    /// The time at which the newest ID token was verified, in seconds since 1970.
    var verifiedAt: Double
    /// The token with which the name and the groups are renewed; `nil` if the provider has issued none.
    var refreshToken: String?
    /// The ID token, by which the provider recognizes the session at the sign-out; `nil` if it is too long.
    var idToken: String?

    private enum CodingKeys: String, CodingKey {
        case issuer = "i"
        case name = "n"
        case groups = "g"
        case validUntil = "v"
        case verifiedAt = "a"
        case refreshToken = "r"
        case idToken = "d"
    }
}

extension ProviderIdentity {
    /// The longest time for which a name and groups are used without another ID token, in seconds.
    static let validityMax = 3600.0

    /// Leaves out the least needed token, so that the session fits in a cookie: the ID token first. Without a refresh
    /// token, the name and the groups are used for as long as without another ID token.
    /// - Returns: False if there is no token.
    mutating func dropToken() -> Bool {
        if idToken != nil {
            idToken = nil
        } else if refreshToken != nil {
            refreshToken = nil
            validUntil = verifiedAt + Self.validityMax
        } else {
            return false
        }
        return true
    }
}

extension SealingKey {
    /// Seals a value as JSON.
    func sealJSON(of value: some Encodable, for purpose: StaticString) throws -> String {
        let encoder = JSONEncoder()
        // Otherwise each slash of a URL takes two bytes.
        encoder.outputFormatting = .withoutEscapingSlashes
        return try seal(Array(try encoder.encode(value)), for: purpose)
    }

    /// Opens a sealed value.
    /// - Returns: `nil` if it was not sealed with this key and for this purpose.
    func openJSON<Value: Decodable>(of type: Value.Type, _ text: String, for purpose: StaticString) -> Value? {
        open(text, for: purpose).flatMap { try? JSONDecoder().decode(type, from: Data($0)) }
    }
}
