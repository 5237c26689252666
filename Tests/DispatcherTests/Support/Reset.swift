import Glibc
import NIOCore

extension Channel {
    /// Closes the channel so that the peer receives a reset (`SO_LINGER` of zero).
    func reset() {
        let set = (self as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        set?.whenComplete { _ in self.close(promise: nil) }
    }
}
