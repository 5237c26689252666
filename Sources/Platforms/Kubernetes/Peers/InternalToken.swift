import FoundationEssentials

/// What F2S's pods know each other by: a random text in a Secret that the installation makes empty and the first pod
/// fills.
///
/// Nothing secret has to be in a manifest then, and no right to make Secrets is needed: only to read and to change this
/// one. Two pods that start at once agree, because a write names the version that it has seen, and the second is
/// refused.
struct InternalToken {
    /// Name of the Secret.
    static let secretName = "f2s-internal"
    /// Its key.
    static let key = "token"

    /// How often another pod may be quicker than this one before something is wrong.
    private static let attemptsMax = 10

    private let client: KubernetesClient
    private let namespace: String

    init(client: KubernetesClient, namespace: String) {
        self.client = client
        self.namespace = namespace
    }

    /// The token that every pod has, put there now if nobody has yet.
    /// - Throws: whatever the API says; not found and forbidden mean that the installation wants none.
    func fetch(random: inout some RandomNumberGenerator) async throws(KubernetesError) -> String {
        var refusal: KubernetesError?
        for _ in 0..<Self.attemptsMax {
            let secret: JSONValue = try await client.get(
                .secrets, namespace, Self.secretName, priority: .activation)
            if let token = Self.token(in: secret) { return token }
            do throws(KubernetesError) {
                let token = Self.made(by: &random)
                _ = try await client.replace(
                    .secrets, namespace, Self.secretName, Self.secret(secret, holding: token), priority: .activation)
                return token
            } catch {
                guard error.isConflict else { throw error }
                refusal = error
            }
        }
        throw refusal ?? .cancelled
    }

    /// The token of a Secret; `nil`: it holds none.
    static func token(in secret: JSONValue) -> String? {
        guard let encoded = secret["data"]?[key]?.text, let bytes = Data(base64Encoded: encoded),
            let token = String(validating: bytes, as: UTF8.self)
        else { return nil }
        // People put a line end there, and mean none.
        let trimmed = token.filter { !$0.isWhitespace }
        return trimmed.isEmpty ? nil : trimmed
    }

    /// The Secret with a token, its version and all else unchanged.
    static func secret(_ secret: JSONValue, holding token: String) -> JSONValue {
        var filled = secret
        var data = secret["data"] ?? [:]
        data[key] = .string(Data(token.utf8).base64EncodedString())
        filled["data"] = data
        return filled
    }

    /// 256 random bits as hexadecimal digits, fit for a header field.
    static func made(by random: inout some RandomNumberGenerator) -> String {
        (0..<4).map { _ in
            let digits = String(random.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
