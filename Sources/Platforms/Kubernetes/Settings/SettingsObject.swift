public import F2SModel
public import Logging

/// The ConfigMap of F2S's settings: watched, so that an edit is in force at once and not when the kubelet has copied
/// it, and annotated with the last good settings, so that a pod that starts with a broken edit has something to go by.
public final class SettingsObject: Sendable {
    /// What it holds; `nil` until it has been read.
    public let latest = Latest<StoredSettings?>(nil)

    private let client: KubernetesClient
    private let namespace: String
    private let name: String
    private let reflector: Reflector<SettingsConfigMap>

    init(client: KubernetesClient, namespace: String, name: String, logger: Logger) {
        self.client = client
        self.namespace = namespace
        self.name = name
        reflector = Reflector(
            client, .configMaps, namespace: namespace, fieldSelector: "metadata.name=\(name)", logger: logger
        ) { $0.name }
    }

    /// Reads the ConfigMap once, before there is a platform. An API server that cannot be reached is asked again for a
    /// while.
    /// - Returns: `nil`: it cannot be read.
    public static func fetch(
        _ access: ClusterAccess, namespace: String, name: String, logger: Logger
    ) async -> StoredSettings? {
        let client = KubernetesClient(access, logger: logger)
        let end = Moment.now.steady + patience
        var found: StoredSettings?
        while found == nil {
            do throws(KubernetesError) {
                let object: SettingsConfigMap = try await client.get(
                    .configMaps, namespace, name, priority: .activation)
                found = object.settings
            } catch {
                guard error.isRetryable, Moment.now.steady < end, !Task.isCancelled else {
                    logger.warning("ConfigMap \(name) cannot be read: \(error)")
                    break
                }
                try? await Task.sleep(for: .seconds(1))
            }
        }
        await client.shutdown()
        return found
    }

    /// How long ``fetch(_:namespace:name:logger:)`` asks an API server that cannot be reached.
    private static let patience = Duration.seconds(20)

    /// Watches until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.reflector.run() }
            for await reflection in reflector.latest.values() where reflection.isSynced {
                let stored = reflection.items[name]?.settings ?? StoredSettings()
                if stored != latest.current { latest.publish(stored) }
            }
            group.cancelAll()
        }
    }

    /// Notes good settings in the annotation, if they are still those of the ConfigMap. A former leader that comes too
    /// late names a version that is there no more.
    /// - Throws: an error whose description says what is wrong; worth a retry.
    public func keep(_ text: String) async throws {
        guard text.utf8.count <= StoredSettings.lastGoodBytesMax,
            let shown = reflector.latest.current.items[name], shown.settings.text == text
        else { return }
        var metadata: JSONValue = ["annotations": [StoredSettings.lastGoodAnnotation: .string(text)]]
        if let version = shown.resourceVersion { metadata["resourceVersion"] = .string(version) }
        _ = try await client.merge(
            .configMaps, namespace, name, ["metadata": metadata], priority: .housekeeping, timeout: Self.keepTimeout)
    }

    /// Time that the note may take.
    private static let keepTimeout = Duration.seconds(5)
}
