/// A path of the internal listener, at which F2S processes talk to each other and the platform's hooks ask for a drain.
public enum InternalPath: Sendable, Hashable {
    /// GET by a hook: wait until the function's stopping replicas are drained.
    case drain(Function.ID)
    /// POST of a request to cordon replicas.
    case cordon
    /// POST of a load report.
    case load
    /// POST of a request for the leader's decisions.
    case leader
    /// POST of a request for events.
    case events

    private static let ofPeers: [InternalPath] = [.cordon, .load, .leader, .events]

    /// Parses the path of a request, without its query. Empty segments are ignored, because a kubelet may double a
    /// slash. Returns `nil` for a path that the internal listener does not serve.
    public init?(_ text: some StringProtocol) {
        let segments = text.split(separator: "/")
        let normalized = segments.map { "/" + $0 }.joined()
        let candidates = Self.ofPeers + [.drain(Function.ID(String(segments.last ?? "")))]
        guard let path = candidates.first(where: { $0.text == normalized }) else { return nil }
        self = path
    }

    /// The path as text.
    public var text: String {
        switch self {
        case .drain(let function): "/drain/\(function.text)"
        case .cordon: "/cordon"
        case .load: "/load"
        case .leader: "/leader"
        case .events: "/events"
        }
    }
}
