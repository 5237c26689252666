import Glibc
import Synchronization

@testable import F2SDispatcher

/// Many clients who wish us ill, and cost the test itself next to nothing: plain descriptors and one thread.
final class Crowd: Sendable {
    /// How an attacker keeps a connection busy.
    enum Kind: Sendable {
        /// A byte of a head now and then.
        case slowHead
        /// A byte of a body now and then.
        case slowBody
        /// Asks for much and takes hardly any of it.
        case slowReader
        /// Says nothing at all.
        case silent

        func opening(_ function: String) -> String {
            switch self {
            case .slowHead: "GET /invoke/\(function) HTTP/1.1\r\nHost: a\r\nX: "
            case .slowBody: "PUT /invoke/\(function)/never HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"
            case .slowReader: "GET /invoke/\(function)/large HTTP/1.1\r\nHost: a\r\n\r\n"
            case .silent: ""
            }
        }

        /// Some of each. Readers are few: what they do not take fills the kernel's memory, not ours.
        static let mix: [Kind] = [
            .slowHead, .slowBody, .silent, .slowHead, .slowBody, .slowHead, .slowBody, .silent, .slowHead, .slowReader,
        ]
    }

    let count: Int
    private let isStopped: Stop
    private let thread: LoopThread

    private final class Stop: Sendable { let isSet = Atomic<Bool>(false) }

    /// Opens all connections at once. Each says something every `interval` milliseconds.
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
            // A few at a time, so that this is not itself a burst.
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
                    // Safe: the pace is what this does, on a thread of its own; nobody waits for it.
                    usleep(interval * 1000 / UInt32(shares))
                }
            }
            for member in members { close(member.descriptor) }
        }
    }

    /// Leaves.
    func stop() {
        isStopped.isSet.store(true, ordering: .relaxed)
        thread.join()
    }
}
