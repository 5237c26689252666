/// The load of the other F2S processes, as the operator needs it.
public protocol PeerLoadSource: Sendable {
    /// A signal that is raised when an invocation waits for a cold function in another process.
    var changes: Signal { get }

    /// Returns the load of all processes.
    /// - Parameter own: The load of this process.
    func sum(with own: LoadReport) -> TotalLoad
}

/// The load of all F2S processes.
public struct TotalLoad: Sendable {
    /// The sum of the loads.
    public var load: LoadReport
    /// True if every process that serves has reported recently. If not, the load may be higher than this.
    public var isComplete: Bool

    /// Creates a load.
    public init(load: LoadReport, isComplete: Bool) {
        self.load = load
        self.isComplete = isComplete
    }
}
