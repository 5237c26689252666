import F2SModel

extension AuthSettings {
    /// The shortest key of HS256 tokens, in bytes, that is not warned of (RFC 7518 section 3.2).
    private static let keyBytesMin = 32

    /// Returns the errors of valid values that do not fit together.
    /// - Parameters:
    ///   - given: The paths of the keys that have a value.
    ///   - storesTokens: True if the platform stores API tokens without a setting.
    func contradictions(given: Set<String>, storesTokens: Bool) -> [String] {
        if given.contains("f2s.auth.types"), given.contains("f2s.auth.global_config.type") {
            return [
                "f2s.auth.types and f2s.auth.global_config.type are both set, and mean the same: leave out the latter."
            ]
        }
        guard isProtected else { return [] }
        var messages: [String] = []
        if methods.contains(.basic), users.isEmpty {
            messages.append("The method basic needs users: list them in f2s.auth.basic.")
        }
        if methods.contains(.token), token.key == nil, token.storeFile == nil, !storesTokens {
            messages.append(
                "The method token needs tokens: set f2s.auth.token.store_file, the file in which F2S stores API "
                    + "tokens, or f2s.auth.token.jwt_secret (F2S_AUTH_TOKEN_JWT_SECRET), the key that signs tokens.")
        }
        if methods.contains(.oidc), issuers.isEmpty {
            messages.append("The method oidc needs providers: list them in f2s.auth.oidc.")
        }
        if grants.isEmpty {
            messages.append(
                "Callers are authenticated, and no group has a privilege, so no caller could do anything: list groups "
                    + "and their privileges in f2s.auth.authorization.")
        }
        return messages
    }

    /// Warnings about settings that are unsafe.
    var warnings: [String] {
        guard isProtected else { return [] }
        var warnings: [String] = []
        let plain = users.filter { !PasswordHash.isMeant(by: $0.password.revealed) }.map(\.name)
        if methods.contains(.basic), !plain.isEmpty {
            warnings.append(
                "f2s.auth.basic has passwords in the clear (\(plain.joined(separator: ", "))): replace each by what "
                    + "`f2s token hash` prints for it.")
        }
        if methods.contains(.token), let key = token.key, key.revealed.utf8.count < Self.keyBytesMin {
            warnings.append(
                "f2s.auth.token.jwt_secret is shorter than \(Self.keyBytesMin) bytes, so it can be guessed from a "
                    + "token: use a longer one.")
        }
        return warnings
    }
}
