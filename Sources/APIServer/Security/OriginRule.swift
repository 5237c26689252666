/// The requirement of a route for the origin of a request.
enum OriginRule: Sendable, Hashable, CaseIterable {
    /// No requirement: the response is the same for every client, and probes use any Host.
    case anywhere
    /// The Host must belong to F2S. Otherwise a foreign page could read the response through a name that it points at
    /// F2S (DNS rebinding). No page may send the request, because functions serve pages of the same origin. A user may
    /// navigate there.
    case ownHost
    /// The same as ``ownHost``, but a user may not navigate there either, because the request changes something.
    case noPage
}
