/// The directions of a tunnel that have ended. Each side may go on after the other one has said its last.
struct TunnelEnds: OptionSet {
    let rawValue: UInt8

    static let client = TunnelEnds(rawValue: 1)
    static let replica = TunnelEnds(rawValue: 2)
}

extension Exchange {
    func becomeTunnel() {
        state = .tunnel
        tunnelEnds = []
        entry?.cell.meters.complete(status: facts.status)
        client.becomeTunnel()
        noteActivity()
    }

    /// The client sends nothing more; the replica may.
    /// - Returns: whether the client's connection is kept for what the replica still says.
    func clientFinished() -> Bool {
        guard state == .tunnel, let upstream else { return false }
        tunnelEnds.insert(.client)
        upstream.finishWriting()
        noteActivity()
        endTunnelIfDone()
        return true
    }

    /// The replica sends nothing more; the client may.
    func replicaFinished() {
        tunnelEnds.insert(.replica)
        client.finishWriting()
        noteActivity()
        endTunnelIfDone()
    }

    /// Both have said their last: what is written still goes out.
    func endTunnelIfDone() {
        guard tunnelEnds == [.client, .replica], upstream?.isWritable == true else { return }
        end()
        client.closeAfterWriting()
    }
}
