public import F2SModel
import Synchronization

/// Events that a test can inspect.
public final class InMemoryEvents: Events {
    private let events = Mutex<[Event]>([])
    private let signal = Signal()

    /// Creates an empty collection of events.
    public init() {}

    /// Every event, oldest first.
    public var all: [Event] { events.withLock { $0 } }

    /// Stores an event and assigns its number.
    public func record(_ event: Event) {
        events.withLock { events in
            var numbered = event
            numbered.sequence = (events.last?.sequence ?? 0) + 1
            events.append(numbered)
        }
        signal.raise()
    }

    /// Stores events of another process that are not known yet, by their numbers.
    public func emit(_ newer: [Event]) {
        events.withLock { events in
            let known = Set(events.map(\.sequence))
            events = (events + newer.filter { !known.contains($0.sequence) }).sorted { $0.sequence < $1.sequence }
        }
        signal.raise()
    }

    /// The number of the newest event.
    public var newestSequence: UInt64 { all.last?.sequence ?? 0 }

    /// The events after `sequence`, oldest first.
    public func currentEvents(after sequence: UInt64) -> [Event] { all.filter { $0.sequence > sequence } }

    /// Returns a stream with one element per burst of new events.
    public func arrivals() -> AsyncStream<Void> { signal.arrivals() }
}
