import F2SModel
import Logging

/// Mirrors a collection: lists it, watches it, goes on where a watch ended, lists again when the API server has
/// forgotten that place (410). While the API server is out of reach the last state stands.
final class Reflector<Item: Decodable & Sendable>: Sendable {
    /// The collection as known now, and every newer state of it.
    let latest = Latest(Reflection<Item>())

    private let client: KubernetesClient
    private let type: ResourceType
    private let namespace: String?
    private let selector: String?
    private let fieldSelector: String?
    private let key: @Sendable (Item) -> String
    private let sharing: @Sendable (_ newer: Item, _ known: Item) -> Item
    private let seed: UInt64
    private let logger: Logger

    /// A mirror that shows nothing yet.
    /// - Parameters:
    ///   - namespace: `nil`: all.
    ///   - selector: of labels; `nil`: all objects.
    ///   - seed: of the jitter between attempts.
    ///   - sharing: the newer state of an item, with what is the same in the one before in memory once.
    ///   - key: what tells items apart: their name, or their uid.
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

    /// Mirrors until its task is cancelled.
    func run() async {
        var state = ReflectorState(seed: seed)
        while !Task.isCancelled {
            let step = state.next
            let begin = client.timing.now()
            let outcome = await take(step)
            guard !Task.isCancelled else { return }
            state.ended(step, outcome, lasted: client.timing.now() - begin)
            tell(outcome)
            if state.pause > .zero { try? await client.timing.pause(state.pause) }
        }
    }

    private func take(_ step: ReflectorState.Step) async -> ReflectorState.Outcome {
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
        latest.update { $0.take(list, at: client.timing.wall(), key: key, sharing: sharing) }
        for complaint in list.unreadable { warn(of: complaint) }
        return .listed(list.resourceVersion)
    }

    private func watch(from version: String) async throws(KubernetesError) -> ReflectorState.Outcome {
        try await client.watchBatches(
            type, namespace, selector: selector, fieldSelector: fieldSelector, from: version, as: Item.self,
            whenOpen: { recover() }
        ) { events in
            latest.update { $0.take(events, at: client.timing.wall(), key: key, sharing: sharing) }
            for case .unreadable(let complaint, _) in events { warn(of: complaint) }
        }
        return .watched(latest.current.resourceVersion)
    }

    /// Notes that the API server is there again.
    private func recover() {
        guard latest.current.trouble != nil else { return }
        latest.update { $0.trouble = nil }
        logger.info("The API server tells of changes again")
    }

    /// Notes what has gone wrong: once, however long it lasts.
    private func tell(_ outcome: ReflectorState.Outcome) {
        guard case .failed(let error, _) = outcome else { return }
        if error.isGone {
            latest.update { $0.expirations += 1 }
            logger.info("The API server has forgotten where the watch was: everything is listed again")
            return
        }
        let isNew = latest.update { reflection in
            defer { reflection.trouble = error }
            return reflection.trouble == nil
        }
        if isNew { logger.warning("Nothing is heard of changes until this is over: \(error)") }
    }

    private func warn(of complaint: String) {
        logger.warning("An object is passed over because it cannot be understood: \(complaint)")
    }
}
