/// What a route demands of where a request comes from.
enum OriginRule: Sendable, Hashable, CaseIterable {
    /// Nothing: the answer is the same for everybody, and probes ask under any name.
    case anywhere
    /// The Host must be ours, or a stranger's page could read the answer under a name that it points at us (DNS
    /// rebinding). No page may ask, because functions serve pages of the same origin. A person may navigate there.
    case ownHost
    /// As ``ownHost``, and nobody may navigate there, because the request changes something.
    case noPage
}
