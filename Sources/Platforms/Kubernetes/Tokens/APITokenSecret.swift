import F2SModel
import Logging
import Synchronization

/// The Secret with the API tokens of F2S: one key per token, with the stored form of the token as JSON.
///
/// Every pod watches the Secret, so a token that one pod removes is refused by the others within seconds. An update
/// names the resource version that the pod has read, so the API server rejects the second of two updates at once, which
/// is then repeated. If the Secret is deleted, no token is left.
final class APITokenSecret: APITokenStore {
    /// Name of the Secret.
    static let secretName = "f2s-tokens"
    /// The annotation with the ID of the first token. It stays when that token is revoked, so that no other one is
    /// issued.
    static let initialTokenAnnotation = "f2s.opensight.ch/initial-token"

    private struct State {
        /// The IDs of the tokens that this process has removed. The watch may still report an earlier state, and an ID
        /// is never used again.
        var removed: Set<String> = []
        /// The last warning, which is not logged again.
        var message: String?
    }

    /// The stored tokens; `nil` until the Secret has been read.
    let tokens = Latest<APITokenSet?>(nil)

    private let client: KubernetesClient
    private let namespace: String
    private let reflector: Reflector<StoredTokens>
    private let logger: Logger
    private let state = Mutex(State())

    /// Conflicts with other pods after which a change fails.
    private static let attemptsMax = 10
    /// Maximum number of removed IDs that are kept although the watch no longer reports them.
    private static let removedMax = 10_000
    /// Longest time for which ``add(_:)`` waits until the watch has reported the new token, and ``waitUntilRead()``
    /// until it has reported the Secret.
    private static let watchTimeout = Duration.seconds(5)

    init(client: KubernetesClient, namespace: String, logger: Logger) {
        self.client = client
        self.namespace = namespace
        self.logger = logger
        reflector = Reflector(
            client, .secrets, namespace: namespace, fieldSelector: "metadata.name=\(Self.secretName)", logger: logger
        ) { $0.name }
    }

    /// Watches the Secret until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.reflector.run() }
            for await reflection in reflector.latest.values() where reflection.isSynced {
                publish(reflection.items[Self.secretName])
            }
            group.cancelAll()
        }
    }

    /// Publishes the stored tokens, except those that this process has removed.
    private func publish(_ stored: StoredTokens?) {
        let message = state.withLock { state -> String? in
            let all = stored?.tokens ?? APITokenSet()
            if state.removed.count > Self.removedMax { state.removed.formIntersection(all.ids) }
            let left = all.without(state.removed)
            // Under the lock, so that an earlier set never replaces a newer one.
            if tokens.current != left { tokens.publish(left) }
            let keys = stored?.unreadable ?? []
            let message = keys.isEmpty ? nil : keys.joined(separator: ", ")
            defer { state.message = message }
            return state.message == message ? nil : message
        }
        guard let message else { return }
        logger.warning(
            "Keys of Secret \(Self.secretName) are ignored, because they contain no API token.",
            metadata: ["keys": "\(message)"])
    }

    // MARK: Changes

    /// See ``APITokenStore/add(_:)``.
    func add(_ token: APIToken) async throws(APITokenStoreError) {
        try await change(unless: { $0[token.id] == token }) { (tokens: inout APITokenSet) throws(APITokenStoreError) in
            try tokens.add(token)
        }
        await waitUntilPublished(token.id)
    }

    /// See ``APITokenStore/remove(id:)``.
    func remove(id: String) async throws(APITokenStoreError) {
        try await change(unless: { $0[id] == nil }) { (tokens: inout APITokenSet) throws(APITokenStoreError) in
            try tokens.remove(id: id)
        }
        state.withLock { state in
            state.removed.insert(id)
            if let current = tokens.current { tokens.publish(current.without([id])) }
        }
    }

    /// Waits until the watch has reported a token, so that its owner can use it at once. If that takes too long, the
    /// token is valid a little later.
    private func waitUntilPublished(_ id: String) async { await wait { $0[id] != nil } }

    /// Waits until the Secret has been read, but not for long: if it cannot be read, only callers with API tokens are
    /// concerned.
    func waitUntilRead() async { await wait { _ in true } }

    private func wait(until condition: @escaping @Sendable (APITokenSet) -> Bool) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [tokens] in
                for await newest in tokens.values() where newest.map(condition) ?? false { break }
            }
            group.addTask { [client] in
                // If the pause is cancelled, the wait is over already.
                try? await client.timing.pause(Self.watchTimeout)
            }
            _ = await group.next()
            group.cancelAll()
        }
    }

    // MARK: The first token

    /// Returns true if the installation never had an API token.
    /// - Throws: ``APITokenStoreError/unavailable(_:)``.
    func isUnused() async throws(APITokenStoreError) -> Bool {
        do throws(KubernetesError) {
            return Self.isUnused(try await fetch())
        } catch {
            throw Self.failure(error)
        }
    }

    /// Stores the first token, unless the installation had one before, and records that in the annotation.
    /// - Returns: False if the installation had one before.
    /// - Throws: ``APITokenStoreError/unavailable(_:)``.
    func addInitial(_ token: APIToken) async throws(APITokenStoreError) -> Bool {
        for _ in 0..<Self.attemptsMax {
            do throws(KubernetesError) {
                let secret = try await fetch()
                guard Self.isUnused(secret) else { return false }
                var changed = Self.secret(secret, holding: APITokenSet([token]), insteadOf: APITokenSet())
                var annotations = secret["metadata"]?["annotations"] ?? [:]
                annotations[Self.initialTokenAnnotation] = .string(token.id)
                changed["metadata"]?["annotations"] = annotations
                _ = try await client.replace(
                    .secrets, namespace, Self.secretName, changed, priority: .activation)
                return true
            } catch {
                guard error.isConflict || error.isAlreadyExists else { throw Self.failure(error) }
            }
        }
        throw Self.contention
    }

    /// Returns true if a Secret has no token, and never had a first one.
    static func isUnused(_ secret: JSONValue) -> Bool {
        secret["metadata"]?["annotations"]?[initialTokenAnnotation] == nil
            && secret["data"]?.members?.isEmpty ?? true
    }

    /// Changes the stored tokens.
    /// - Parameter isDone: Returns true if the tokens contain the change already. After a conflict they may, because an
    ///   update whose response was lost is sent again.
    private func change(
        unless isDone: (APITokenSet) -> Bool, _ body: (inout APITokenSet) throws(APITokenStoreError) -> Void
    ) async throws(APITokenStoreError) {
        for attempt in 0..<Self.attemptsMax {
            let secret: JSONValue
            do throws(KubernetesError) {
                secret = try await fetch()
            } catch {
                // Another pod has just created the Secret.
                if error.isAlreadyExists { continue }
                throw Self.failure(error)
            }
            let before = Self.tokens(in: secret)
            guard attempt == 0 || !isDone(before) else { return }
            var after = before
            try body(&after)
            do throws(KubernetesError) {
                _ = try await client.replace(
                    .secrets, namespace, Self.secretName, Self.secret(secret, holding: after, insteadOf: before),
                    priority: .activation)
                return
            } catch {
                guard error.isConflict else { throw Self.failure(error) }
            }
        }
        throw Self.contention
    }

    private static let contention = APITokenStoreError.unavailable(
        "Other processes change Secret \(secretName) all the time")

    /// Returns the Secret, which is created if it does not exist.
    private func fetch() async throws(KubernetesError) -> JSONValue {
        do throws(KubernetesError) {
            return try await client.get(.secrets, namespace, Self.secretName, priority: .activation)
        } catch {
            guard error.isNotFound else { throw error }
        }
        let secret: JSONValue = [
            "apiVersion": .string(ResourceType.secrets.apiVersion), "kind": .string(ResourceType.secrets.kind),
            "metadata": [
                "name": .string(Self.secretName), "namespace": .string(namespace),
                "labels": ["app.kubernetes.io/name": "f2s", "app.kubernetes.io/part-of": "f2s"],
            ],
            "type": "Opaque",
        ]
        return try await client.create(.secrets, namespace, secret, priority: .activation)
    }

    private static func failure(_ error: KubernetesError) -> APITokenStoreError {
        // The API server rejects a Secret of over a mebibyte, which many tokens with long names make.
        if error.code == 413 || error.isInvalid && "\(error)".contains("Too long") { return .full }
        return .unavailable("Secret \(secretName) cannot be read or written: \(error)")
    }
}

// MARK: - The form of the Secret

extension APITokenSecret {
    /// Returns the tokens in a Secret. Values that contain none are left out.
    static func tokens(in secret: JSONValue) -> APITokenSet {
        let values = secret["data"]?.members?.compactMapValues(\.text) ?? [:]
        return StoredTokens(name: secretName, data: values).tokens
    }

    /// Returns the Secret with other tokens. Its resource version and all other fields and values stay.
    static func secret(
        _ secret: JSONValue, holding tokens: APITokenSet, insteadOf before: APITokenSet
    ) -> JSONValue {
        var changed = secret
        var data = secret["data"] ?? [:]
        for id in before.ids.subtracting(tokens.ids) { data[id] = nil }
        for token in tokens.sorted where before[token.id] != token {
            data[token.id] = StoredTokens.encoded(token).map { JSONValue.string($0) }
        }
        changed["data"] = data
        return changed
    }
}
