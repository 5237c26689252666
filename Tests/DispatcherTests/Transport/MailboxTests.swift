import Synchronization
import Testing

@testable import F2SDispatcher

@Suite struct MailboxTests {
    @Test func `a mailbox delivers all messages of several threads, each thread's in order`() throws {
        let mailbox = try Mailbox<(thread: Int, number: Int)>()
        let count = 5000
        let threads = try (0..<4).map { thread in
            try LoopThread(name: "post-\(thread)") {
                for number in 0..<count { mailbox.post((thread, number)) }
            }
        }
        let loop = EventLoop(poll: try Poll())
        var next = [0, 0, 0, 0]
        var isOrdered = true
        loop.watchMailbox(mailbox.descriptor)
        loop.schedule(after: 5_000_000_000) { loop.stop() }
        loop.run(
            tick: 1_000_000_000,
            mailArrived: {
                for message in mailbox.removeAll() {
                    isOrdered = isOrdered && message.number == next[message.thread]
                    next[message.thread] += 1
                }
                if next.allSatisfy({ $0 == count }) { loop.stop() }
            }, roundEnded: {}, timePassed: {})
        for thread in threads { thread.join() }
        #expect(isOrdered)
        #expect(next == [count, count, count, count])
    }
}

@Suite struct SocketAddressTests {
    @Test(arguments: [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("::ffff:10.1.2.3", "10.1.2.3")])
    func `an IPv4-mapped IPv6 address is shown as an IPv4 address`(text: String, shown: String) throws {
        let address = try SocketAddress(ip: text, port: 8080)
        #expect(address.ip == shown)
        #expect(address.port == 8080)
    }

    @Test(arguments: ["localhost", "1.2.3", "", "127.0.0.1 "])
    func `an invalid IP address, port or Unix path is rejected`(text: String) {
        #expect(throws: SystemError.self) { try SocketAddress(ip: text, port: 1) }
        #expect(throws: SystemError.self) { try SocketAddress(ip: "127.0.0.1", port: 65_536) }
        #expect(throws: SystemError.self) { try SocketAddress(unixPath: String(repeating: "a", count: 108)) }
    }
}
