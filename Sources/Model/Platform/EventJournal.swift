import Synchronization

/// The newest events, kept in memory. Every platform uses it, in addition to what it does with events itself.
public final class EventJournal: Events {
    private struct State {
        /// The events, in the order of their sequence numbers.
        var events: [Event] = []
        var lastSequence: UInt64 = 0
    }

    private let state = Mutex(State())
    private let signal = Signal()
    private let eventsMax: Int

    /// Creates a journal that keeps `eventsMax` events, at least one.
    public init(eventsMax: Int) { self.eventsMax = max(1, eventsMax) }

    /// Adds an event and assigns its sequence number: its time in microseconds, or the newest number plus one if that
    /// is larger.
    public func record(_ event: Event) {
        state.withLock { state in
            state.lastSequence = max(state.lastSequence + 1, UInt64(min(max(0, event.time), 1e12) * 1e6))
            var numbered = event
            numbered.sequence = state.lastSequence
            state.events.append(numbered)
            forget(&state)
        }
        signal.raise()
    }

    /// Adds events that another process has recorded. Events that the journal already has are ignored.
    public func emit(_ events: [Event]) {
        let isChange = state.withLock { state in
            let known = Set(state.events.lazy.map(\.sequence))
            let new = events.filter { !known.contains($0.sequence) }
            guard !new.isEmpty else { return false }
            state.events = (state.events + new).sorted { $0.sequence < $1.sequence }
            state.lastSequence = max(state.lastSequence, state.events.last?.sequence ?? 0)
            forget(&state)
            return true
        }
        if isChange { signal.raise() }
    }

    /// Returns the events after `sequence` that the journal still has, oldest first.
    public func currentEvents(after sequence: UInt64) -> [Event] {
        state.withLock { state in
            let remembered = state.events.suffix(eventsMax)
            return Array(remembered.drop { $0.sequence <= sequence })
        }
    }

    /// The sequence number of the newest event; 0 if there is none.
    public var newestSequence: UInt64 { state.withLock { $0.lastSequence } }

    /// Yields once per burst of new events.
    public func arrivals() -> AsyncStream<Void> { signal.arrivals() }

    /// Removes the oldest events in blocks, which keeps adding cheap. The journal never has more than twice its bound.
    private func forget(_ state: inout State) {
        if state.events.count >= 2 * eventsMax { state.events.removeFirst(state.events.count - eventsMax) }
    }
}
