/// The paths that each listener serves. A client that has sent a request to the wrong listener learns the right one.
struct PathDirectory: Sendable {
    /// A listener.
    enum Listener: Sendable, Hashable, CaseIterable {
        case api, operations, console
    }

    /// The routes of each listener.
    let routes: [Listener: [APIRoute]]
    /// Returns the scheme and authority of a listener; `nil` if they are not known.
    let origin: @Sendable (Listener) -> String?

    /// Returns the URL at which another listener than this one serves a path; `nil` if none does.
    func url(of path: String, except listener: Listener) -> String? {
        for other in Listener.allCases where other != listener && serves(path, at: other) {
            guard let origin = origin(other) else { continue }
            return "\(origin)\(path) (\(other.option))"
        }
        return nil
    }

    private func serves(_ path: String, at listener: Listener) -> Bool {
        (listener == .api && path.hasPrefix("/invoke/")) || routes[listener]?.methods(of: path).isEmpty == false
    }
}

extension PathDirectory.Listener {
    /// The option of `f2s serve` with the listener's address.
    fileprivate var option: String {
        switch self {
        case .api: "--listen"
        case .operations: "--operations"
        case .console: "--console"
        }
    }
}
