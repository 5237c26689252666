/// The directions of a tunnel that have ended. Each side may continue to send after the other one has ended.
struct TunnelEnds: OptionSet {
    let rawValue: UInt8

    static let client = TunnelEnds(rawValue: 1)
    static let replica = TunnelEnds(rawValue: 2)
}

extension Exchange {
    func becomeTunnel() {
        state = .tunnel
        tunnelEnds = []
        entry?.handle.meters.complete(status: traits.status)
        client.becomeTunnel()
        noteActivity()
    }

    /// Ends the direction from the client to the replica. The replica may still send.
    /// - Returns: True if the client's connection stays open for bytes of the replica.
    func clientFinished() -> Bool {
        guard state == .tunnel, let upstream else { return false }
        tunnelEnds.insert(.client)
        upstream.finishWriting()
        noteActivity()
        endTunnelIfDone()
        return true
    }

    /// Ends the direction from the replica to the client. The client may still send.
    func replicaFinished() {
        tunnelEnds.insert(.replica)
        client.finishWriting()
        noteActivity()
        endTunnelIfDone()
    }

    /// Ends the tunnel if both directions have ended. Bytes that are already written are still sent.
    func endTunnelIfDone() {
        guard tunnelEnds == [.client, .replica], upstream?.isWritable == true else { return }
        end()
        client.closeAfterWriting()
    }
}
