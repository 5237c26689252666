import F2SMetrics
import F2SModel
import Glibc
import Synchronization

extension Worker {
    /// Connections taken at once: a burst of clients must not wait for the next round, nor keep it waiting for long.
    private static let acceptsMax = 256
    /// Until the next look where descriptors have run out.
    private static let exhaustedNanoseconds: UInt64 = 100_000_000

    func listen(_ descriptor: Int32) {
        listener = descriptor
        watchListener()
    }

    private func watchListener() {
        guard let listener else { return }
        loop.watchListener(listener) { [unowned self] in acceptAll() }
    }

    /// Those who are at the door already come in: closing it on them would reset their connections.
    func stopListening() {
        guard let listener else { return }
        acceptAll()
        self.listener = nil
        loop.retire(listener)
    }

    /// Shares connections out among the loops in turn, which keeps those that last evenly spread.
    private func acceptAll() {
        guard let listener else { return }
        for _ in 0..<Self.acceptsMax {
            guard let (descriptor, peer) = Socket.accept(listener) else {
                if [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno) { pauseListening(listener) }
                return
            }
            nextLoop = (nextLoop + 1) % directory.mailboxes.count
            if nextLoop == index {
                adopt(descriptor, peer)
            } else {
                directory.mailboxes[nextLoop].post(.adopt(descriptor, peer: peer))
            }
        }
    }

    /// Without a descriptor nobody can be let in, and the one at the door would wake the loop again and again.
    private func pauseListening(_ listener: Int32) {
        loop.unwatch(listener)
        loop.schedule(after: Self.exhaustedNanoseconds) { [unowned self] in watchListener() }
    }

    /// Takes a connection that was accepted.
    func adopt(_ descriptor: Int32, _ peer: SocketAddress) {
        let stream = Stream(accepted: descriptor, loop: loop)
        guard shared.connections.load(ordering: .relaxed) < tuning.limits.connectionsMax else {
            shared.refusedConnections.add()
            return Refusal(stream, worker: self).start()
        }
        ClientConnection(stream, peer: peer, worker: self).start()
    }
}
