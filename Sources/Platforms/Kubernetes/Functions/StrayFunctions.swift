import F2SModel
import F2SSystem
import Logging

/// Writes an Event about each Function in a namespace that no F2S serves. Only the leader does so, and only if the
/// installation may watch all namespaces.
struct StrayFunctions: Sendable {
    private let client: KubernetesClient
    private let options: KubernetesOptions
    private let isLeader: @Sendable () -> Bool
    private let logger: Logger

    /// The time between two checks of the Functions.
    private static let interval = Duration.seconds(1)
    /// The time until F2S checks again whether it may watch all namespaces.
    private static let refusalPause = Duration.seconds(300)

    init(
        client: KubernetesClient, options: KubernetesOptions, isLeader: @escaping @Sendable () -> Bool, logger: Logger
    ) {
        self.client = client
        self.options = options
        self.isLeader = isLeader
        self.logger = logger
    }

    /// Reports Functions until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            var pause = Self.interval
            if isLeader() { pause = await mayWatch() ? await follow() : Self.refusalPause }
            // The pause ends early only by cancellation, which the loop checks itself.
            try? await Task.sleep(for: pause)
        }
    }

    private func mayWatch() async -> Bool {
        do throws(KubernetesError) {
            try await client.tryList(.functions, nil)
            return true
        } catch {
            logger.debug("Functions of other namespaces are not watched: \(error)")
            return false
        }
    }

    /// Watches the other namespaces as long as this process leads.
    /// - Returns: the pause before the next attempt.
    private func follow() async -> Duration {
        // The loss of the right to watch is not worth a warning.
        var quiet = logger
        quiet.logLevel = .error
        // The store already reads the Functions of this installation's namespace, which may be thousands.
        let reflector = Reflector<StrayFunction>(
            client, .functions, namespace: nil, fieldSelector: "metadata.namespace!=\(options.namespace)",
            logger: quiet
        ) { $0.uid }
        await withDiscardingTaskGroup { group in
            group.addTask { await reflector.run() }
            var tracker = StrayFunctionTracker(ownNamespace: options.namespace, timeout: options.strayGracePeriod)
            while isLeader(), !Task.isCancelled, reflector.latest.current.startFailure?.isForbidden != true {
                if reflector.latest.current.isSynced {
                    let due = tracker.due(reflector.latest.current.items.values, at: Moment.now.steady)
                    for stray in due { await emitEvent(stray) }
                }
                try? await Task.sleep(for: Self.interval)
            }
            group.cancelAll()
        }
        return Self.interval
    }

    private func emitEvent(_ stray: StrayFunction) async {
        do throws(KubernetesError) {
            _ = try await client.create(.events, stray.namespace, event(about: stray), priority: .housekeeping)
            logger.info(
                "Function \(stray.namespace)/\(stray.name) is in a namespace that no F2S serves; an Event reports it")
        } catch {
            // An Event of that name exists: an earlier leader has written it.
            guard !error.isAlreadyExists else { return }
            logger.debug("An Event of \(stray.namespace)/\(stray.name) could not be written: \(error)")
        }
    }

    private func event(about stray: StrayFunction) -> JSONValue {
        let time = JSONValue.string(Timestamp(seconds: Moment.now.wall).text)
        let namespace = options.namespace
        let message =
            "This Function is not served: no F2S serves namespace \(stray.namespace). The F2S in this cluster serves "
            + "namespace \(namespace): declare it there, or install another F2S with --namespace=\(stray.namespace)."
        return [
            "apiVersion": .string(ResourceType.events.apiVersion), "kind": .string(ResourceType.events.kind),
            // Every leader uses the same name, so that there is only one Event.
            "metadata": [
                "name": .string("\(stray.name).f2s-not-served-\(stray.uid.prefix(8))"),
                "namespace": .string(stray.namespace),
            ],
            "involvedObject": [
                "apiVersion": .string(ResourceType.functions.apiVersion),
                "kind": .string(ResourceType.functions.kind), "name": .string(stray.name),
                "namespace": .string(stray.namespace), "uid": .string(stray.uid),
            ],
            "reason": "NotServed", "message": .string(message), "type": "Warning", "count": 1,
            "firstTimestamp": time, "lastTimestamp": time, "source": ["component": "f2s"],
            "reportingComponent": "f2s", "reportingInstance": .string(options.podName),
        ]
    }
}
