public import F2SModel

/// The first API token of an installation. Its administrator reads its text in the Secret `f2s-initial-token`.
///
/// The text is stored before the token, so that a process that ends in between loses nothing: the next one completes
/// the same token. Only one token is ever issued, also by several pods that start at once.
public struct InitialToken: Sendable {
    /// The result of ``issue(making:storing:)``.
    public enum Outcome: Sendable, Hashable {
        /// This process has issued the token.
        case issued
        /// The installation has, or had, API tokens already.
        case notNeeded
    }

    let tokens: APITokenSecret
    let secret: GeneratedSecret

    /// The name of the Secret with the text.
    public static let secretName = GeneratedSecret.initialToken

    /// Issues the token, unless the installation had one before.
    /// - Parameters:
    ///   - text: Makes the text of a token.
    ///   - stored: Returns the stored form of the token with a text; `nil` if the text is not that of a token.
    /// - Throws: An error of `text` or `stored`, or ``APITokenStoreError/unavailable(_:)``, which is worth a retry.
    public func issue(
        making text: () throws -> Secret, storing stored: (Secret) throws -> APIToken?
    ) async throws -> Outcome {
        guard try await tokens.isUnused() else { return .notNeeded }
        let made = try text()
        let found: String
        do throws(KubernetesError) {
            found = try await secret.fetch(orWriting: made.revealed)
        } catch {
            throw APITokenStoreError.unavailable("Secret \(Self.secretName) cannot be read or written: \(error)")
        }
        guard let token = try stored(Secret(found)) else {
            throw APITokenStoreError.unavailable(
                "The key \(GeneratedSecret.key) of Secret \(Self.secretName) is not an API token: remove the key")
        }
        return try await tokens.addInitial(token) ? .issued : .notNeeded
    }
}
