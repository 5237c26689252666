import F2SModel

/// The kind of a listener: the requests that it serves.
enum ListenerKind: Sendable, Hashable {
    /// Functions and the management API, if there is no management listener.
    case everything
    /// Functions and `/health`, if the management API has a listener of its own.
    case invocations
    /// The management API, and functions.
    case management
    /// The pages of the console and the API that they use, and no functions. Only here, cookies of the console pass.
    case console
    /// Forwarded invocations and queries of other F2S processes, and the platform's hooks.
    case peers

    /// True if connections are accepted beyond the limit of connections, up to a reserve: clients that use up all
    /// connections must not lock out operators or other processes.
    var hasReserve: Bool {
        switch self {
        case .everything, .invocations, .console: false
        case .management, .peers: true
        }
    }

    /// The listener's name in the settings of TLS; `nil` if it never has TLS.
    var tlsListener: TLSSettings.Listener? {
        switch self {
        case .everything, .invocations: .public
        case .management: .management
        case .console: .console
        case .peers: nil
        }
    }

    /// True if clients connect through proxies, which may use the PROXY protocol.
    var mayBeProxied: Bool { self != .peers }
}
