import F2SMetrics
import F2SModel
import Glibc
import Synchronization

extension Worker {
    /// Connections taken at once: a burst of clients must not wait for the next round, nor keep it waiting for long.
    private static let acceptsMax = 256
    /// Until the next look where descriptors have run out.
    private static let exhaustedNanoseconds: UInt64 = 100_000_000

    /// Connections of listeners with a reserve that are accepted beyond the limit.
    private static let reserve = 1024

    func listen(_ listener: Listener) {
        listeners.append(listener)
        watch(listener)
    }

    private func watch(_ listener: Listener) {
        guard listeners.contains(listener) else { return }
        loop.watchListener(listener.descriptor) { [unowned self] in acceptAll(listener) }
    }

    /// Those who are at the door already come in: closing it on them would reset their connections. When this returns,
    /// the listener refuses connections.
    func stopListening(_ isMeant: (ListenerKind) -> Bool) {
        for listener in listeners where isMeant(listener.kind) {
            acceptAll(listener)
            // The descriptor is closed at the end of the round only, and a process that is just being started may hold
            // a copy of it for longer.
            Socket.stopListening(listener.descriptor)
            loop.retire(listener.descriptor)
        }
        listeners.removeAll { isMeant($0.kind) }
    }

    /// Shares connections out among the loops in turn, which keeps those that last evenly spread. Those over the limit
    /// are refused here: a loop that is late would refuse them late, and meanwhile they have descriptors.
    private func acceptAll(_ listener: Listener) {
        for _ in 0..<Self.acceptsMax {
            guard let (descriptor, peer) = Socket.accept(listener.descriptor) else {
                if [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno) { pauseListening(listener) }
                return
            }
            guard countConnection(listener.kind) else {
                shared.refusedConnections.add()
                Refusal(Stream(accepted: descriptor, loop: loop), worker: self).start()
                continue
            }
            nextLoop = (nextLoop + 1) % directory.mailboxes.count
            if nextLoop == index {
                adopt(descriptor, peer, listener.kind)
            } else {
                directory.mailboxes[nextLoop].post(.adopt(descriptor, peer: peer, listener.kind))
            }
        }
    }

    /// Without a descriptor nobody can be let in, and the one at the door would wake the loop again and again.
    private func pauseListening(_ listener: Listener) {
        loop.unwatch(listener.descriptor)
        loop.schedule(after: Self.exhaustedNanoseconds) { [unowned self] in watch(listener) }
    }

    /// Counts a connection that was accepted; false: it is over the limit.
    private func countConnection(_ kind: ListenerKind) -> Bool {
        let reserve = min(Self.reserve, shared.descriptors.reserve / 2)
        let limit = tuning.limits.connectionsMax + (kind.hasReserve ? reserve : 0)
        guard shared.connections.load(ordering: .relaxed) < limit, kind.hasReserve || shared.hasDescriptors else {
            return false
        }
        shared.connections.add(1, ordering: .relaxed)
        return true
    }

    /// Takes a connection that was accepted and counted.
    func adopt(_ descriptor: Int32, _ peer: SocketAddress, _ kind: ListenerKind) {
        ClientConnection(Stream(accepted: descriptor, loop: loop), peer: peer, kind: kind, worker: self).start()
    }
}

/// A socket that connections are accepted from.
struct Listener: Equatable {
    let descriptor: Int32
    let kind: ListenerKind
}
