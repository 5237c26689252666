import F2SAPIServer
import F2SModel
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

    /// Whether the others know our token.
    var condition: InstallationCondition {
        let distrusting = link.distrustingPeers
        guard !distrusting.isEmpty else {
            return InstallationCondition(
                .peersTrusted, isTrue: true, reason: "TokensAgree", message: "The other F2S processes know the token.")
        }
        return InstallationCondition(
            .peersTrusted, isTrue: false, reason: "PeerRefusesToken",
            message: "\(distrusting.joined(separator: ", ")) refuses the internal token of this process, so it is "
                + "treated as one that cannot be reached. Give all of them the same token.")
    }
}
