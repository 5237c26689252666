import NIOCore

/// What a failed attempt to connect says about the replica.
enum ConnectFailure {
    /// Whether time ran out: a saturated replica is not a dead one, so it stays in use.
    static func isTimeout(_ error: any Error) -> Bool {
        if case ChannelError.connectTimeout = error { return true }
        return false
    }
}
