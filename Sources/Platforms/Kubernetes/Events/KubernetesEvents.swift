import F2SModel
import Logging
import Synchronization

/// Keeps events in this process's memory for the REST API, and writes them as Kubernetes Events for `kubectl describe`.
///
/// Only the process that records an event writes it: the process that performed the action.
final class KubernetesEvents: Events {
    private let client: KubernetesClient
    private let namespace: String
    private let uid: @Sendable (String) -> String?
    private let logger: Logger
    private let journal: EventJournal
    private let aggregation = Mutex(EventAggregation())
    private let added = Signal()

    /// The largest number of Events that are written per second.
    private static let writesPerSecond = 10
    /// The longest message of an Event, in characters.
    private static let messageMax = 1024

    /// - Parameter uid: returns the UID of the function with a name; `nil` if there is none.
    init(
        client: KubernetesClient, options: KubernetesOptions, uid: @escaping @Sendable (String) -> String?,
        logger: Logger
    ) {
        self.client = client
        namespace = options.namespace
        self.uid = uid
        self.logger = logger
        journal = EventJournal(eventsMax: options.eventsMax)
    }

    func record(_ event: Event) {
        journal.record(event)
        aggregation.withLock { $0.add(event) }
        added.raise()
    }

    /// Keeps the events for the REST API only, because the process that recorded them writes them.
    func emit(_ events: [Event]) { journal.emit(events) }

    var newestSequence: UInt64 { journal.newestSequence }

    func currentEvents(after sequence: UInt64) -> [Event] { journal.currentEvents(after: sequence) }

    func arrivals() -> AsyncStream<Void> { journal.arrivals() }

    /// Writes the recorded events until the task is cancelled.
    func run() async {
        for await _ in added.arrivals() {
            while !Task.isCancelled {
                let writes = aggregation.withLock { $0.drain(Self.writesPerSecond) }
                if writes.isEmpty { break }
                for write in writes { await self.write(write) }
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func write(_ write: EventAggregation.Write) async {
        // A function that no longer exists gets no Events.
        guard let uid = uid(write.event.function) else { return }
        do throws(KubernetesError) {
            if write.isKnown {
                do throws(KubernetesError) {
                    _ = try await client.merge(
                        .events, namespace, write.name,
                        [
                            "count": .integer(Int64(write.count)),
                            "lastTimestamp": .string(Timestamp(seconds: write.last).text),
                        ], priority: .housekeeping)
                    return
                } catch {
                    // Kubernetes deletes Events after an hour.
                    guard error.isNotFound else { throw error }
                }
            }
            _ = try await client.create(.events, namespace, manifest(write, uid: uid), priority: .housekeeping)
        } catch {
            if error.isAlreadyExists { return }
            logger.debug("An Event of \(write.event.function) could not be written: \(error)")
        }
    }

    private func manifest(_ write: EventAggregation.Write, uid: String) -> JSONValue {
        let event = write.event
        return [
            "apiVersion": .string(ResourceType.events.apiVersion), "kind": .string(ResourceType.events.kind),
            "metadata": ["name": .string(write.name), "namespace": .string(namespace)],
            "involvedObject": [
                "apiVersion": .string(ResourceType.functions.apiVersion),
                "kind": .string(ResourceType.functions.kind), "name": .string(event.function),
                "namespace": .string(namespace), "uid": .string(uid),
            ],
            "reason": .string(event.reason), "message": .string(String(event.message.prefix(Self.messageMax - 24))),
            "type": .string(event.isWarning ? "Warning" : "Normal"), "count": .integer(Int64(write.count)),
            "firstTimestamp": .string(Timestamp(seconds: write.first).text),
            "lastTimestamp": .string(Timestamp(seconds: write.last).text),
            "source": ["component": "f2s"], "reportingComponent": "f2s", "reportingInstance": "",
        ]
    }
}
