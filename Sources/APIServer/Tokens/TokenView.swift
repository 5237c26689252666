import F2SModel

/// An API token in the API.
struct TokenView: Encodable, Sendable {
    let id: String
    let name: String
    let groups: [String]
    let created: String
    /// The time of expiry; absent if the token does not expire.
    let expires: String?
    /// The text of the token, which only the response to its creation contains.
    let token: String?

    init(_ token: APIToken, text: Secret? = nil) {
        id = token.id
        name = token.name
        groups = token.groups
        created = TimeText.utc(secondsSince1970: token.created)
        expires = token.expires.map { TimeText.utc(secondsSince1970: $0) }
        self.token = text?.revealed
    }
}
