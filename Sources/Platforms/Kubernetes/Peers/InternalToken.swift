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
            do throws(KubernetesError) {
                let token = Self.made(by: &random)
                guard let secret = try await find() else {
                    try await create(holding: token)
                    return token
                }
                if let token = Self.token(in: secret) { return token }
                _ = try await client.replace(
                    .secrets, namespace, Self.secretName, Self.secret(secret, holding: token), priority: .activation)
                return token
            } catch {
                guard error.isConflict || error.isAlreadyExists else { throw error }
                refusal = error
            }
        }
        throw refusal ?? .cancelled
    }

    /// Makes the Secret anew, after somebody has deleted it.
    /// - Throws: whatever the API says; that it exists means that another pod was quicker.
    func create(holding token: String) async throws(KubernetesError) {
        let secret: JSONValue = [
            "apiVersion": .string(ResourceType.secrets.apiVersion), "kind": .string(ResourceType.secrets.kind),
            "metadata": [
                "name": .string(Self.secretName), "namespace": .string(namespace),
                "labels": ["app.kubernetes.io/name": "f2s", "app.kubernetes.io/part-of": "f2s"],
            ],
            "type": "Opaque",
        ]
        _ = try await client.create(
            .secrets, namespace, Self.secret(secret, holding: token), priority: .activation)
    }

    private func find() async throws(KubernetesError) -> JSONValue? {
        do throws(KubernetesError) {
            return try await client.get(.secrets, namespace, Self.secretName, priority: .activation)
        } catch {
            guard error.isNotFound else { throw error }
            return nil
        }
    }

    /// The token of a Secret; `nil`: it holds none.
    static func token(in secret: JSONValue) -> String? {
        secret["data"]?[key]?.text.flatMap { token(encoded: $0) }
    }

    /// The token of a value of a Secret; `nil`: it is none.
    static func token(encoded: String) -> String? {
        guard let bytes = Data(base64Encoded: encoded), let token = String(validating: bytes, as: UTF8.self) else {
            return nil
        }
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
