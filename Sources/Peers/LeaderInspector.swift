public import F2SModel

/// Answers with the decisions of the leader, whichever F2S process is asked.
public struct LeaderInspector: OperatorInspector {
    private let own: any OperatorInspector
    private let election: any LeaderElection
    private let link: PeerLink

    /// Creates an inspector.
    /// - Parameter own: The operator of this process.
    public init(own: any OperatorInspector, election: any LeaderElection, link: PeerLink) {
        self.own = own
        self.election = election
        self.link = link
    }

    /// Returns this process's newest decisions.
    public func currentExplanations() -> [Function.ID: ScaleExplanation] { own.currentExplanations() }

    /// Returns the leader's newest decisions. If no other leader answers, they are this process's own.
    public func fetchExplanations(of function: Function.ID?) async -> [Function.ID: ScaleExplanation] {
        if !election.isLeader, let explanations = await link.fetchExplanations(of: function) { return explanations }
        return await own.fetchExplanations(of: function)
    }

    /// Returns the replicas as the dispatcher of this process sees them.
    public func currentReplicas() -> ReplicaSnapshot { own.currentReplicas() }
}
