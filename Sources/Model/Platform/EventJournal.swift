import Synchronization

/// The newest events, in memory: what every platform remembers, whatever else it does with them.
public final class EventJournal: Events {
    private struct State {
        /// In the order of their numbers.
        var events: [Event] = []
        var lastSequence: UInt64 = 0
    }

    private let state = Mutex(State())
    private let signal = Signal()
    private let eventsMax: Int

    /// A journal that remembers `eventsMax` events, at least one.
    public init(eventsMax: Int) { self.eventsMax = max(1, eventsMax) }

    /// Adds an event and gives it its number: its time in microseconds, or one more than the newest.
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

    /// Adds events that another process has recorded; those that are remembered already are passed over.
    public func take(_ events: [Event]) {
        let isNews = state.withLock { state in
            let known = Set(state.events.lazy.map(\.sequence))
            let new = events.filter { !known.contains($0.sequence) }
            guard !new.isEmpty else { return false }
            state.events = (state.events + new).sorted { $0.sequence < $1.sequence }
            state.lastSequence = max(state.lastSequence, state.events.last?.sequence ?? 0)
            forget(&state)
            return true
        }
        if isNews { signal.raise() }
    }

    /// The events after `sequence` that are still remembered, oldest first.
    public func currentEvents(after sequence: UInt64) -> [Event] {
        state.withLock { state in
            let remembered = state.events.suffix(eventsMax)
            return Array(remembered.drop { $0.sequence <= sequence })
        }
    }

    /// The number of the newest event; 0: there is none.
    public var newestSequence: UInt64 { state.withLock { $0.lastSequence } }

    /// Once per burst of new events.
    public func arrivals() -> AsyncStream<Void> { signal.arrivals() }

    /// Forgetting in blocks keeps adding cheap: at most twice the bound is ever held.
    private func forget(_ state: inout State) {
        if state.events.count >= 2 * eventsMax { state.events.removeFirst(state.events.count - eventsMax) }
    }
}
