import F2SMetrics
import F2SModel
import Glibc
import Synchronization

extension Worker {
    /// The most connections that are accepted in one round. A burst of clients should not have to wait for the next
    /// round, and must not delay it for long.
    private static let acceptsMax = 256
    /// The pause in nanoseconds before connections are accepted again after descriptors have run out.
    private static let exhaustedNanoseconds: UInt64 = 100_000_000

    /// The most connections that listeners with a reserve accept beyond the limit.
    private static let reserve = 1024

    func listen(_ listener: ListeningSocket) {
        listeners.append(listener)
        watch(listener)
    }

    private func watch(_ listener: ListeningSocket) {
        guard listeners.contains(listener) else { return }
        loop.watchListener(listener.descriptor) { [unowned self] in acceptAll(listener) }
    }

    /// Closes listeners. Connections that already wait are accepted first: closing the listener would reset them. When
    /// this returns, the listeners reject connections.
    func stopListening(_ isMeant: (ListenerKind) -> Bool) {
        for listener in listeners where isMeant(listener.kind) {
            acceptAll(listener)
            // The descriptor is closed only at the end of the round, and a process that is just being started may hold
            // a copy of it for longer.
            Socket.stopListening(listener.descriptor)
            loop.retire(listener.descriptor)
        }
        listeners.removeAll { isMeant($0.kind) }
    }

    /// Accepts the waiting connections and distributes them among the loops in turn, which spreads long-lived
    /// connections evenly. Connections over the limit are rejected here: another loop might be late, and they would
    /// hold descriptors until then.
    private func acceptAll(_ listener: ListeningSocket) {
        for _ in 0..<Self.acceptsMax {
            guard let (descriptor, peer) = Socket.accept(listener.descriptor) else {
                if [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno) { pauseListening(listener) }
                return
            }
            guard countConnection(listener.kind) else {
                reject(descriptor, listener.kind)
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

    /// Rejects a connection over the limit.
    private func reject(_ descriptor: Int32, _ kind: ListenerKind) {
        shared.refusedConnections.add()
        // With TLS, a response would need a handshake, which costs more than the connection that was rejected.
        guard tls?.context(of: kind) == nil else {
            close(descriptor)
            return
        }
        RejectedConnection.reject(descriptor, worker: self)
    }

    /// Pauses a listener when there is no free descriptor. No connection could be accepted, and a waiting one would
    /// wake the loop again and again.
    private func pauseListening(_ listener: ListeningSocket) {
        loop.unwatch(listener.descriptor)
        loop.schedule(after: Self.exhaustedNanoseconds) { [unowned self] in watch(listener) }
    }

    /// Counts an accepted connection.
    /// - Returns: False if the connection is over the limit.
    private func countConnection(_ kind: ListenerKind) -> Bool {
        let reserve = min(Self.reserve, shared.descriptors.reserve / 2)
        let limit = tuning.limits.connectionsMax + (kind.hasReserve ? reserve : 0)
        guard shared.connections.load(ordering: .relaxed) < limit, kind.hasReserve || shared.hasDescriptors else {
            return false
        }
        shared.connections.add(1, ordering: .relaxed)
        return true
    }

    /// Serves a connection that was accepted and counted.
    func adopt(_ descriptor: Int32, _ peer: SocketAddress, _ kind: ListenerKind) {
        ClientConnection(Stream(accepted: descriptor, loop: loop), peer: peer, kind: kind, worker: self).start()
    }
}

/// A socket from which connections are accepted.
struct ListeningSocket: Equatable {
    let descriptor: Int32
    let kind: ListenerKind
}
