import CLinux
import Glibc
import Synchronization

/// A mailbox for messages from other threads to one event loop, which reads them in the order in which they were
/// posted.
final class Mailbox<Message: Sendable>: Sendable {
    /// The descriptor that becomes readable when the mailbox has messages.
    let descriptor: Int32
    private let messages = Mutex<[Message]>([])

    init() throws(SystemError) {
        descriptor = f2s_wakeup_open()
        guard descriptor >= 0 else { throw .last("eventfd") }
    }

    deinit { close(descriptor) }

    /// Posts a message. Never waits for the loop. Only the first of several unread messages wakes the loop.
    func post(_ message: Message) {
        let isFirst = messages.withLock { messages in
            messages.append(message)
            return messages.count == 1
        }
        guard isFirst else { return }
        var one: UInt64 = 1
        // Cannot fail: the counter would have to be full, and the loop resets it.
        _ = Glibc.write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// Returns and removes all messages. Only the loop that owns the mailbox calls it.
    func removeAll() -> [Message] {
        var count: UInt64 = 0
        // The counter is reset before the messages are removed, so that a later message wakes the loop again.
        _ = Glibc.read(descriptor, &count, MemoryLayout<UInt64>.size)
        return messages.withLock { messages in
            defer { messages = [] }
            return messages
        }
    }
}
