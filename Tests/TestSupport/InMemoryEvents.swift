public import F2SModel
import Synchronization

/// Events that a test can look at.
public final class InMemoryEvents: Events {
    private let events = Mutex<[Event]>([])
    private let signal = Signal()

    /// No events.
    public init() {}

    /// Every event, oldest first.
    public var all: [Event] { events.withLock { $0 } }

    /// Remembers an event and gives it its number.
    public func record(_ event: Event) {
        events.withLock { events in
            var numbered = event
            numbered.sequence = UInt64(events.count + 1)
            events.append(numbered)
        }
        signal.raise()
    }

    /// The events after `sequence`, oldest first.
    public func currentEvents(after sequence: UInt64) -> [Event] { all.filter { $0.sequence > sequence } }

    /// Once per burst of new events.
    public func arrivals() -> AsyncStream<Void> { signal.arrivals() }
}
