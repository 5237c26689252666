import F2SModel
import F2SPeers

/// The components of F2S when it runs as several processes. Each process receives the load of its peers, and answers
/// the hooks of ending replicas on behalf of all of them.
struct PeerParts {
    /// Exchanges the load with the peers.
    let link: PeerLink
    /// Drains replicas at all peers.
    let coordinator: DrainCoordinator
    /// Answers with the decisions of the peer that leads.
    let inspector: LeaderInspector
    /// Serves the socket behind the internal listener.
    let server: InternalServer

    /// The condition that every peer accepts the token of this process.
    var condition: InstallationCondition {
        let distrusting = link.distrustingPeers
        guard !distrusting.isEmpty else {
            return InstallationCondition(
                .peersTrusted, isTrue: true, reason: "TokensAgree", message: "The other F2S processes know the token.")
        }
        return InstallationCondition(
            .peersTrusted, isTrue: false, reason: "PeerRefusesToken",
            message: "\(distrusting.joined(separator: ", ")) refuses the internal token of this process and is treated "
                + "as unreachable. Give all F2S processes the same token.")
    }
}
