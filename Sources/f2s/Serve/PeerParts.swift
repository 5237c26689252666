import F2SAPIServer
import F2SOperator

/// What F2S needs where it runs as several processes: each hears what the others have in hand, and hooks of replicas
/// that end are answered for all of them.
struct PeerParts {
    /// Tells and hears what is in hand.
    let link: PeerLink
    /// Has replicas drained.
    let desk: DrainDesk
    /// Answers on the socket behind the internal listener.
    let server: InternalServer
}
