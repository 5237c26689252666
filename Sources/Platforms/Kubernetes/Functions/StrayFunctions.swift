import F2SModel
import Logging

/// Tells Functions of namespaces that no F2S looks at that nothing happens, by an Event beside each. The leader does
/// it, where the installation may watch every namespace; without that right it is quiet.
struct StrayFunctions: Sendable {
    private let client: KubernetesClient
    private let options: KubernetesOptions
    private let isLeader: @Sendable () -> Bool
    private let logger: Logger

    /// From one look at what is there to the next.
    private static let interval = Duration.seconds(1)
    /// Until it is asked again whether the installation may watch every namespace.
    private static let refusalPause = Duration.seconds(300)

    init(
        client: KubernetesClient, options: KubernetesOptions, isLeader: @escaping @Sendable () -> Bool, logger: Logger
    ) {
        self.client = client
        self.options = options
        self.isLeader = isLeader
        self.logger = logger
    }

    /// Works until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            var pause = Self.interval
            if isLeader() { pause = await mayWatch() ? await follow() : Self.refusalPause }
            // The pause ends early by cancellation only, which the loop looks at itself.
            try? await Task.sleep(for: pause)
        }
    }

    private func mayWatch() async -> Bool {
        do throws(KubernetesError) {
            try await client.tryList(.functions, nil)
            return true
        } catch {
            logger.debug("Functions of other namespaces are not looked at: \(error)")
            return false
        }
    }

    /// Watches as long as this process leads.
    /// - Returns: the pause before it is thought of again.
    private func follow() async -> Duration {
        // A right that is taken away again is no reason for a warning.
        var quiet = logger
        quiet.logLevel = .error
        // Its own thousands are read by the store already.
        let reflector = Reflector<StrayFunction>(
            client, .functions, namespace: nil, fieldSelector: "metadata.namespace!=\(options.namespace)",
            logger: quiet
        ) { $0.uid }
        await withDiscardingTaskGroup { group in
            group.addTask { await reflector.run() }
            var book = StrayBook(ownNamespace: options.namespace, patience: options.strayPatience)
            while isLeader(), !Task.isCancelled, reflector.latest.current.trouble?.isForbidden != true {
                if reflector.latest.current.isSynced {
                    let due = book.due(reflector.latest.current.items.values, at: Moment.now.steady)
                    for stray in due { await tell(stray) }
                }
                try? await Task.sleep(for: Self.interval)
            }
            group.cancelAll()
        }
        return Self.interval
    }

    private func tell(_ stray: StrayFunction) async {
        do throws(KubernetesError) {
            _ = try await client.create(.events, stray.namespace, event(about: stray), priority: .housekeeping)
            logger.info(
                "Function \(stray.namespace)/\(stray.name) is in a namespace that no F2S looks at, and was told so")
        } catch {
            // One of that name is there: an earlier leader has told it.
            guard !error.isAlreadyExists else { return }
            logger.debug("An Event of \(stray.namespace)/\(stray.name) could not be written: \(error)")
        }
    }

    private func event(about stray: StrayFunction) -> JSONValue {
        let time = JSONValue.string(Timestamp(seconds: Moment.now.wall).text)
        let namespace = options.namespace
        let message =
            "Nothing happens: no F2S looks at namespace \(stray.namespace). The one in this cluster serves those of "
            + "namespace \(namespace): declare it there, or install another F2S with --namespace=\(stray.namespace)."
        return [
            "apiVersion": .string(ResourceType.events.apiVersion), "kind": .string(ResourceType.events.kind),
            // The same whoever leads, so that there is one of them.
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
