import F2SModel
import Logging

/// Mirrors a collection: lists it, watches it, continues from the version at which a watch ended, and lists again if
/// that version has expired (410). While the API server cannot be reached, the last state is kept.
final class Reflector<Item: Decodable & Sendable>: Sendable {
    /// The known state of the collection, and every newer state.
    let latest = Latest(MirroredCollection<Item>())

    private let client: KubernetesClient
    private let type: ResourceType
    private let namespace: String?
    private let selector: String?
    private let fieldSelector: String?
    private let key: @Sendable (Item) -> String
    private let sharing: @Sendable (_ newer: Item, _ known: Item) -> Item
    private let seed: UInt64
    private let logger: Logger
    /// The number of lists that were requested.
    private let requests = Latest(0)

    /// The time without a change after which a watch may have stopped reporting.
    private static var silence: Duration { .seconds(10) }

    /// Creates a reflector with an empty collection.
    /// - Parameters:
    ///   - namespace: the namespace; `nil`: all namespaces.
    ///   - selector: the label selector; `nil` selects all objects.
    ///   - seed: the seed of the jitter between attempts.
    ///   - sharing: returns the newer state of an item, which may share the memory of equal parts with the known state.
    ///   - key: returns the key that distinguishes items: their name or their UID.
    init(
        _ client: KubernetesClient, _ type: ResourceType, namespace: String?, selector: String? = nil,
        fieldSelector: String? = nil, seed: UInt64 = .random(in: 0 ... .max), logger: Logger? = nil,
        sharing: @escaping @Sendable (_ newer: Item, _ known: Item) -> Item = { newer, _ in newer },
        key: @escaping @Sendable (Item) -> String
    ) {
        self.client = client
        self.type = type
        self.namespace = namespace
        self.selector = selector
        self.fieldSelector = fieldSelector
        self.seed = seed
        self.key = key
        self.sharing = sharing
        var logger = logger ?? client.logger
        logger[metadataKey: "resource"] = "\(type.plural)"
        self.logger = logger
    }

    /// Mirrors the collection until the task is cancelled.
    func run() async {
        var state = ReflectorState(seed: seed)
        // The requests that a list has answered.
        var answered = 0
        while !Task.isCancelled {
            let step = state.next
            if case .list = step { answered = requests.current }
            let begin = client.timing.now()
            let outcome = await unlessRequested(after: answered) { await self.perform(step) }
            guard !Task.isCancelled else { return }
            state.ended(step, outcome, lasted: client.timing.now() - begin)
            log(outcome)
            if state.pause > .zero { try? await client.timing.pause(state.pause) }
        }
    }

    /// Lists all objects again, because a caller knows of a change that the watch has not reported. Does nothing while
    /// changes arrive, because the watch may only be late.
    /// - Returns: True if a list follows.
    @discardableResult
    func listAgain() -> Bool {
        guard client.timing.wall() - latest.current.lastEventAt >= Self.silence.inSeconds else { return false }
        logger.warning("The watch has missed a change: all objects are listed again")
        requests.update { $0 += 1 }
        return true
    }

    /// Runs a step, and ends it if a list is requested.
    private func unlessRequested(
        after answered: Int, _ step: @escaping @Sendable () async -> ReflectorState.Outcome
    ) async -> ReflectorState.Outcome {
        await withTaskGroup(of: ReflectorState.Outcome.self) { group in
            group.addTask { await step() }
            group.addTask { [requests] in
                for await count in requests.values() where count != answered { break }
                return .interrupted
            }
            defer { group.cancelAll() }
            return await group.next() ?? .interrupted
        }
    }

    private func perform(_ step: ReflectorState.Step) async -> ReflectorState.Outcome {
        do throws(KubernetesError) {
            switch step {
            case .list: return try await list()
            case .watch(let version): return try await watch(from: version)
            }
        } catch {
            let version = latest.current.resourceVersion
            return .failed(error, at: version.isEmpty ? nil : version)
        }
    }

    private func list() async throws(KubernetesError) -> ReflectorState.Outcome {
        let list: ResourceList<Item> = try await client.list(
            type, namespace, selector: selector, fieldSelector: fieldSelector,
            known: KnownItems(latest.current.items.values))
        recover()
        latest.update { $0.apply(list, at: client.timing.wall(), key: key, sharing: sharing) }
        for message in list.unreadable { warn(of: message) }
        return .listed(list.resourceVersion)
    }

    private func watch(from version: String) async throws(KubernetesError) -> ReflectorState.Outcome {
        try await client.watchBatches(
            type, namespace, selector: selector, fieldSelector: fieldSelector, from: version, as: Item.self,
            whenOpen: { recover() }
        ) { events in
            latest.update { $0.take(events, at: client.timing.wall(), key: key, sharing: sharing) }
            for case .unreadable(let message, _) in events { warn(of: message) }
        }
        return .watched(latest.current.resourceVersion)
    }

    /// Records that the API server reports changes again.
    private func recover() {
        guard latest.current.startFailure != nil else { return }
        latest.update { $0.startFailure = nil }
        logger.info("The API server reports changes again")
    }

    /// Records a failure. Logs a lasting failure only once.
    private func log(_ outcome: ReflectorState.Outcome) {
        guard case .failed(let error, _) = outcome else { return }
        if error.isGone {
            latest.update { $0.expirations += 1 }
            logger.info("The resource version of the watch has expired: all objects are listed again")
            return
        }
        let isNew = latest.update { reflection in
            defer { reflection.startFailure = error }
            return reflection.startFailure == nil
        }
        if isNew { logger.warning("No changes arrive until this is resolved: \(error)") }
    }

    private func warn(of message: String) {
        logger.warning("An object is ignored because it cannot be decoded: \(message)")
    }
}
