import Synchronization

/// The newest events, in memory: what every platform remembers, whatever else it does with them.
public final class EventJournal: Events {
    private struct State {
        var events: [Event] = []
        var lastSequence: UInt64 = 0
    }

    private let state = Mutex(State())
    private let signal = Signal()
    private let eventsMax: Int

    /// A journal that remembers `eventsMax` events, at least one.
    public init(eventsMax: Int) { self.eventsMax = max(1, eventsMax) }

    /// Adds an event and gives it its number.
    public func record(_ event: Event) {
        state.withLock { state in
            state.lastSequence += 1
            var numbered = event
            numbered.sequence = state.lastSequence
            state.events.append(numbered)
            // Forgetting in blocks keeps adding cheap: at most twice the bound is ever held.
            if state.events.count >= 2 * eventsMax { state.events.removeFirst(state.events.count - eventsMax) }
        }
        signal.raise()
    }

    /// The events after `sequence` that are still remembered, oldest first.
    public func currentEvents(after sequence: UInt64) -> [Event] {
        state.withLock { state in
            let remembered = state.events.suffix(eventsMax)
            return Array(remembered.drop { $0.sequence <= sequence })
        }
    }

    /// Once per burst of new events.
    public func arrivals() -> AsyncStream<Void> { signal.arrivals() }
}
