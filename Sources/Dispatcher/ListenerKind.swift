/// What a listener serves.
enum ListenerKind: Sendable, Hashable {
    /// Functions and the management API: there is no management listener.
    case everything
    /// Functions and `/health`: the management API has a listener of its own.
    case invocations
    /// The management API, and functions.
    case management
    /// What other F2S processes forward and ask, and the platform's hooks.
    case peers

    /// Whether its connections are accepted beyond the limit of connections, up to a reserve: clients that have taken
    /// every connection must keep neither operators nor other processes out.
    var hasReserve: Bool { self == .management || self == .peers }
}
