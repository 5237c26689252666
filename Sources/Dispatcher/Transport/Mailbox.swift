import CLinux
import Glibc
import Synchronization

/// The way from other threads to one event loop: what is put in is taken out there, in order.
final class Mailbox<Message: Sendable>: Sendable {
    /// Becomes readable when something is in the box.
    let descriptor: Int32
    private let messages = Mutex<[Message]>([])

    init() throws(SystemError) {
        descriptor = f2s_wakeup_open()
        guard descriptor >= 0 else { throw .last("eventfd") }
    }

    deinit { close(descriptor) }

    /// Never waits for the loop. Only the first message of a boxful wakes it.
    func post(_ message: Message) {
        let isFirst = messages.withLock { messages in
            messages.append(message)
            return messages.count == 1
        }
        guard isFirst else { return }
        var one: UInt64 = 1
        // Cannot fail: the counter would have to be full, and the loop empties it.
        _ = Glibc.write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// Everything that is there; for the loop that the box belongs to.
    func takeAll() -> [Message] {
        var count: UInt64 = 0
        // Before the box is emptied: what is put in afterwards wakes again.
        _ = Glibc.read(descriptor, &count, MemoryLayout<UInt64>.size)
        return messages.withLock { messages in
            defer { messages = [] }
            return messages
        }
    }
}
