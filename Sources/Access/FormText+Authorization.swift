import F2SModel

extension FormText {
    /// Returns the credentials of a client, as the value of Authorization. Both parts are encoded like a form first
    /// (RFC 6749 section 2.3.1).
    static func authorization(client: String, secret: Secret) -> Secret {
        let pair = "\(encode(client)):\(encode(secret.revealed))"
        return Secret("Basic \(CredentialText.encodePadded(Array(pair.utf8)))")
    }
}
