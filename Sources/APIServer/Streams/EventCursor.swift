import F2SModel

/// How far an event stream has come.
struct EventCursor: Sendable, Hashable {
    private(set) var last: UInt64

    /// Begins after `last`, the number that the client has seen last (Last-Event-ID). Every process of the installation
    /// has the same numbers, so that a client may go on at another one.
    init(after last: UInt64?) { self.last = last ?? 0 }

    /// The text of a server-sent event (WHATWG HTML section 9.2) for each event; moves on.
    mutating func text(of events: [Event], encode: (Event) throws -> String) rethrows -> String {
        try events.map { event in
            last = max(last, event.sequence)
            return "id: \(event.sequence)\ndata: \(try encode(event))\n\n"
        }.joined()
    }
}
