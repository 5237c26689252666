import FoundationEssentials

/// A Secret with a token that F2S generates: the installation creates the Secret empty, and the first pod fills it.
///
/// The manifests therefore contain no secret value. F2S may read and update these Secrets, and the one of the API
/// tokens; it may also create Secrets, in case one of them is deleted. Two pods that start at once agree on one token:
/// an update names the resource version that the pod has read, so the API server rejects the second update.
struct GeneratedSecret {
    /// Name of the Secret with the token that F2S's pods authenticate to each other with.
    static let internalToken = "f2s-internal"
    /// Name of the Secret with the text of the first API token, for the administrator.
    static let initialToken = "f2s-initial-token"
    /// Key of the token in the Secret.
    static let key = "token"

    /// Conflicts with other pods after which ``fetch(orWriting:)`` gives up.
    private static let attemptsMax = 10

    private let client: KubernetesClient
    private let namespace: String
    private let name: String

    init(client: KubernetesClient, namespace: String, name: String) {
        self.client = client
        self.namespace = namespace
        self.name = name
    }

    /// Returns the token that all pods share.
    /// - Parameter token: the token that is written if the Secret has none.
    /// - Throws: the API server's error. Not found and forbidden mean that the installation does not use this Secret.
    func fetch(orWriting token: String) async throws(KubernetesError) -> String {
        var lastError: KubernetesError?
        for _ in 0..<Self.attemptsMax {
            do throws(KubernetesError) {
                guard let secret = try await find() else {
                    try await create(holding: token)
                    return token
                }
                if let token = Self.token(in: secret) { return token }
                _ = try await client.replace(
                    .secrets, namespace, name, Self.secret(secret, holding: token), priority: .activation)
                return token
            } catch {
                guard error.isConflict || error.isAlreadyExists else { throw error }
                lastError = error
            }
        }
        throw lastError ?? .cancelled
    }

    /// Creates the Secret, which may have been deleted.
    /// - Throws: the API server's error; "already exists" means that another pod created it first.
    func create(holding token: String) async throws(KubernetesError) {
        let secret: JSONValue = [
            "apiVersion": .string(ResourceType.secrets.apiVersion), "kind": .string(ResourceType.secrets.kind),
            "metadata": [
                "name": .string(name), "namespace": .string(namespace),
                "labels": ["app.kubernetes.io/name": "f2s", "app.kubernetes.io/part-of": "f2s"],
            ],
            "type": "Opaque",
        ]
        _ = try await client.create(
            .secrets, namespace, Self.secret(secret, holding: token), priority: .activation)
    }

    private func find() async throws(KubernetesError) -> JSONValue? {
        do throws(KubernetesError) {
            return try await client.get(.secrets, namespace, name, priority: .activation)
        } catch {
            guard error.isNotFound else { throw error }
            return nil
        }
    }

    /// Returns the token in a Secret, or `nil` if it has none.
    static func token(in secret: JSONValue) -> String? {
        secret["data"]?[key]?.text.flatMap { token(encoded: $0) }
    }

    /// Returns the token in a Secret's value, or `nil` if the value contains no token.
    static func token(encoded: String) -> String? {
        guard let bytes = Data(base64Encoded: encoded), let token = String(validating: bytes, as: UTF8.self) else {
            return nil
        }
        // A value that was written by hand often ends with a line break, which does not belong to the token.
        let trimmed = token.filter { !$0.isWhitespace }
        return trimmed.isEmpty ? nil : trimmed
    }

    /// Returns the Secret with the token set, and its resource version and all other fields unchanged.
    static func secret(_ secret: JSONValue, holding token: String) -> JSONValue {
        var filled = secret
        var data = secret["data"] ?? [:]
        data[key] = .string(Data(token.utf8).base64EncodedString())
        filled["data"] = data
        return filled
    }

    /// Returns 256 random bits as hexadecimal digits, which are valid in a header field.
    static func token(by random: inout some RandomNumberGenerator) -> String {
        (0..<4).map { _ in
            let digits = String(random.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
