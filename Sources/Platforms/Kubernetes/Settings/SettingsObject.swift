public import F2SModel
import F2SSystem
public import Logging

/// The ConfigMap with F2S's settings.
///
/// F2S watches it, so an edit is effective at once and not when the kubelet has copied it. F2S also stores the last
/// accepted settings in an annotation, for a pod that starts when the ConfigMap contains an invalid edit.
public final class SettingsObject: Sendable {
    /// The contents of the ConfigMap; `nil` until it has been read.
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

    /// Reads the ConfigMap once, before there is a platform. Retries for 20 seconds if the API server cannot be
    /// reached.
    /// - Returns: the contents, or `nil` if the ConfigMap cannot be read.
    public static func fetch(
        _ access: ClusterAccess, namespace: String, name: String, logger: Logger
    ) async -> StoredSettings? {
        let client = KubernetesClient(access, logger: logger)
        let end = Moment.now.steady + timeout
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

    /// Longest time for which ``fetch(_:namespace:name:logger:)`` asks an unreachable API server again.
    private static let timeout = Duration.seconds(20)

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

    /// Stores accepted settings in the annotation, if the ConfigMap still contains them. The write of a former leader
    /// that arrives too late fails, because it names an old resource version.
    /// - Throws: an error with a description of the problem; worth a retry.
    public func keep(_ text: String) async throws {
        guard text.utf8.count <= StoredSettings.lastGoodBytesMax,
            let shown = reflector.latest.current.items[name], shown.settings.text == text
        else { return }
        var metadata: JSONValue = ["annotations": [StoredSettings.lastGoodAnnotation: .string(text)]]
        if let version = shown.resourceVersion { metadata["resourceVersion"] = .string(version) }
        _ = try await client.merge(
            .configMaps, namespace, name, ["metadata": metadata], priority: .housekeeping, timeout: Self.keepTimeout)
    }

    /// Timeout of the write of the annotation.
    private static let keepTimeout = Duration.seconds(5)
}
