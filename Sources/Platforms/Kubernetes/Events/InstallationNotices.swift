import F2SModel
import F2SSystem
import Logging

/// Writes Kubernetes Events about the installation itself, which `kubectl get events` shows.
struct InstallationNotices: Sendable {
    private let client: KubernetesClient
    private let options: KubernetesOptions
    private let logger: Logger

    /// The longest message of an Event, in characters.
    private static let messageMax = 1000

    init(client: KubernetesClient, options: KubernetesOptions, logger: Logger) {
        self.client = client
        self.options = options
        self.logger = logger
    }

    /// Writes an Event about the new state of a condition. A failed write has no further consequences, because the log
    /// and `/health` report the condition too.
    func write(_ condition: InstallationCondition) async {
        do throws(KubernetesError) {
            let (type, name) = object(of: condition)
            // `kubectl describe` finds Events by the object's UID.
            let uid = try await find(type, name)?["metadata"]?["uid"]?.text
            var involved: JSONValue = [
                "apiVersion": .string(type.apiVersion), "kind": .string(type.kind), "name": .string(name),
                "namespace": .string(options.namespace),
            ]
            if let uid { involved["uid"] = .string(uid) }
            _ = try await client.create(
                .events, options.namespace, event(condition, about: involved, named: name), priority: .housekeeping)
        } catch {
            logger.debug("An Event about \(condition.kind.rawValue) could not be written: \(error)")
        }
    }

    private func object(of condition: InstallationCondition) -> (ResourceType, name: String) {
        switch condition.kind {
        case .settingsAccepted: (.configMaps, options.settingsObject ?? options.podName)
        case .peersTrusted: (.pods, options.podName)
        }
    }

    private func find(_ type: ResourceType, _ name: String) async throws(KubernetesError) -> JSONValue? {
        guard type != .pods else { return nil }
        do throws(KubernetesError) {
            return try await client.get(type, options.namespace, name)
        } catch {
            if error.isNotFound || error.isForbidden { return nil }
            throw error
        }
    }

    private func event(
        _ condition: InstallationCondition, about object: JSONValue, named name: String
    ) -> JSONValue {
        let now = Moment.now.wall
        let time = JSONValue.string(Timestamp(seconds: now).text)
        return [
            "apiVersion": .string(ResourceType.events.apiVersion), "kind": .string(ResourceType.events.kind),
            "metadata": [
                // The name is unique to this pod and this moment. The suffix of a pod's name may begin with a hyphen,
                // which must not follow a dot.
                "name": .string(
                    "\(name).\(String(UInt64(max(0, now * 1e6)), radix: 16))-\(options.podName.suffix(12))"),
                "namespace": .string(options.namespace),
            ],
            "involvedObject": object, "reason": .string(condition.reason),
            "message": .string(String("\(options.podName): \(condition.message)".prefix(Self.messageMax))),
            "type": condition.isTrue ? "Normal" : "Warning", "count": 1, "firstTimestamp": time, "lastTimestamp": time,
            "source": ["component": "f2s"], "reportingComponent": "f2s", "reportingInstance": .string(options.podName),
        ]
    }
}
