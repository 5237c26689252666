import Glibc
import Synchronization

@testable import F2SDispatcher

/// Many hostile clients. They use plain descriptors and one thread, so that they cost the test almost no time.
final class Crowd: Sendable {
    /// The method by which an attacker keeps a connection open.
    enum Kind: Sendable {
        /// Sends one byte of a head per interval.
        case slowHead
        /// Sends one byte of a body per interval.
        case slowBody
        /// Requests a large response and reads one byte of it per interval.
        case slowReader
        /// Sends nothing.
        case silent

        func opening(_ function: String) -> String {
            switch self {
            case .slowHead: "GET /invoke/\(function) HTTP/1.1\r\nHost: a\r\nX: "
            case .slowBody: "PUT /invoke/\(function)/never HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"
            case .slowReader: "GET /invoke/\(function)/large HTTP/1.1\r\nHost: a\r\n\r\n"
            case .silent: ""
            }
        }

        /// A mix of all kinds. It has few slow readers: the bytes that they do not read fill the kernel's memory, not
        /// the dispatcher's.
        static let mix: [Kind] = [
            .slowHead, .slowBody, .silent, .slowHead, .slowBody, .slowHead, .slowBody, .silent, .slowHead, .slowReader,
        ]
    }

    let count: Int
    private let isStopped: Stop
    private let thread: LoopThread

    private final class Stop: Sendable { let isSet = Atomic<Bool>(false) }

    /// Opens all connections at once. Each of them sends or reads one byte every `interval` milliseconds.
    init(_ kinds: [Kind], count: Int, port: Int, function: String = "hello", interval: UInt32 = 1000) throws {
        self.count = count
        var members: [(descriptor: Int32, kind: Kind)] = []
        do {
            for number in 0..<count {
                let kind = kinds[number % kinds.count]
                let descriptor = try Wire.connect(to: port, receiveBytes: kind == .slowReader ? 4096 : nil)
                members.append((descriptor, kind))
                Wire.send(descriptor, Array(kind.opening(function).utf8))
            }
        } catch {
            for member in members { close(member.descriptor) }
            throw error
        }
        let stop = Stop()
        isStopped = stop
        thread = try LoopThread(name: "crowd") { [members] in
            // Serves a few connections at a time, so that this thread does not send a burst.
            let shares = max(1, members.count / 2)
            while !stop.isSet.load(ordering: .relaxed) {
                for share in 0..<shares where !stop.isSet.load(ordering: .relaxed) {
                    for member in members[(members.count * share / shares)..<(members.count * (share + 1) / shares)] {
                        var byte: UInt8 = 0
                        switch member.kind {
                        case .slowHead, .slowBody: Wire.send(member.descriptor, [UInt8(ascii: "x")])
                        case .slowReader: recv(member.descriptor, &byte, 1, Int32(MSG_DONTWAIT))
                        case .silent: break
                        }
                    }
                    // Safe: this thread exists only to send at this pace, and nothing waits for it.
                    usleep(interval * 1000 / UInt32(shares))
                }
            }
            for member in members { close(member.descriptor) }
        }
    }

    /// Closes all connections and ends the thread.
    func stop() {
        isStopped.isSet.store(true, ordering: .relaxed)
        thread.join()
    }
}
