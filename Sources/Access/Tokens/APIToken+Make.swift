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
        let id = try Crypto.randomBytes(idBytes).hexText
        let text = Self.text(id: id, secret: try Crypto.randomBytes(secretBytes))
        let token = try APIToken(
            id: id, name: name, groups: groups, digest: try Crypto.digest(of: Array(text.utf8)), created: Int64(now),
            expires: lifetime.map { Int64((now + $0.inSeconds).rounded(.up)) })
        return (token, Secret(text))
    }
}
