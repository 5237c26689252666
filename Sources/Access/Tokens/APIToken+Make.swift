public import F2SModel

extension APIToken {
    /// Makes a token with a random ID and a random secret.
    /// - Parameters:
    ///   - lifetime: The time after which the token expires; `nil` if it does not.
    ///   - now: The time in seconds since 1970.
    /// - Returns: The token, and its text, which nothing can compute later.
    /// - Throws: A ``FieldError`` if the name or the groups are out of their bounds, or another error if the library
    ///   fails.
    public static func make(
        name: String, groups: [String], lifetime: Duration?, now: Double
    ) throws -> (token: APIToken, text: Secret) {
        let (id, text) = try makeParts()
        let token = try stored(
            id, text, name: name, groups: groups, expires: lifetime.map { Int64((now + $0.inSeconds).rounded(.up)) },
            now: now)
        return (token, text)
    }

    /// Makes the text of a token with a random ID and a random secret.
    /// - Throws: An error if the library fails.
    public static func makeText() throws -> Secret { try makeParts().text }

    private static func makeParts() throws -> (id: String, text: Secret) {
        let id = try Crypto.randomBytes(idBytes).hexText
        return (id, Secret(text(id: id, secret: try Crypto.randomBytes(secretBytes))))
    }

    /// Returns the stored form of the token with a text.
    /// - Parameter now: The time of creation, in seconds since 1970.
    /// - Returns: A token that does not expire; `nil` if the text does not have the form of one.
    /// - Throws: A ``FieldError`` if the name or the groups are out of their bounds, or another error if the library
    ///   fails.
    public static func stored(_ text: Secret, name: String, groups: [String], now: Double) throws -> APIToken? {
        guard let id = id(in: text.revealed[...]) else { return nil }
        return try stored(id, text, name: name, groups: groups, expires: nil, now: now)
    }

    private static func stored(
        _ id: String, _ text: Secret, name: String, groups: [String], expires: Int64?, now: Double
    ) throws -> APIToken {
        try APIToken(
            id: id, name: name, groups: groups, digest: try Crypto.digest(of: Array(text.revealed.utf8)),
            created: Int64(now), expires: expires)
    }
}
