/// The directions of a tunnel that have ended. Each side may continue to send after the other one has ended.
struct TunnelEnds: OptionSet {
    let rawValue: UInt8

    static let client = TunnelEnds(rawValue: 1)
    static let replica = TunnelEnds(rawValue: 2)
}

extension Exchange {
    func becomeTunnel() {
        state.becameTunnel()
        entry?.handle.meters.complete(status: state.traits.status)
        client.becomeTunnel()
        noteActivity()
    }

    /// Ends the direction from the client to the replica. The replica may still send.
    /// - Returns: True if the client's connection stays open for bytes of the replica.
    func clientFinished() -> Bool {
        guard state.phase == .tunnel, let upstream else { return false }
        state.tunnelEnded(.client)
        upstream.finishWriting()
        noteActivity()
        endTunnelIfOver()
        return true
    }

    /// Ends the direction from the replica to the client. The client may still send.
    func replicaFinished() {
        state.tunnelEnded(.replica)
        client.finishWriting()
        noteActivity()
        endTunnelIfOver()
    }

    /// Ends the tunnel if both directions have ended and the replica's connection has accepted everything.
    func endTunnelIfOver() {
        guard state.isTunnelOver, upstream?.isWritable == true else { return }
        end(.tunnelClosed)
    }
}
