import F2SModel

/// How far an event stream has come.
struct EventCursor: Sendable, Hashable {
    private(set) var last: UInt64

    /// Begins after `last`, the number that the client has seen last (Last-Event-ID).
    /// - Parameter newest: the highest number of this process. Numbers begin anew with every process: who has seen a
    ///   higher one comes from an earlier process and has seen nothing of this one.
    init(after last: UInt64?, newest: UInt64) {
        let last = last ?? 0
        self.last = last > newest ? 0 : last
    }

    /// The text of a server-sent event (WHATWG HTML section 9.2) for each event; moves on.
    mutating func text(of events: [Event], encode: (Event) throws -> String) rethrows -> String {
        try events.map { event in
            last = max(last, event.sequence)
            return "id: \(event.sequence)\ndata: \(try encode(event))\n\n"
        }.joined()
    }
}
