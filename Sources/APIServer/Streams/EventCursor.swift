import F2SModel

/// The position of an event stream.
struct EventCursor: Sendable, Hashable {
    private(set) var last: UInt64

    /// Begins after `last`, the number of the last event that the client has received (Last-Event-ID). Every process of
    /// the installation uses the same numbers, so a client may continue at another process.
    init(after last: UInt64?) { self.last = last ?? 0 }

    /// Returns the text of a server-sent event (WHATWG HTML section 9.2) for each event, and advances the cursor.
    mutating func text(of events: [Event], encode: (Event) throws -> String) rethrows -> String {
        try events.map { event in
            last = max(last, event.sequence)
            return "id: \(event.sequence)\ndata: \(try encode(event))\n\n"
        }.joined()
    }
}
