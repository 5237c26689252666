import Glibc
import Synchronization
import Testing

@testable import F2SDispatcher

/// Tests streams over real socket pairs, on a loop that runs on the test's own thread until the script ends.
@Suite struct StreamTests {
    @Test func `bytes that a handler does not consume are passed again, before new ones`() throws {
        try LoopScript.run { stage in
            stage.handler.takes = { $0.hasSuffix(".") ? $0.utf8.count : min(1, $0.utf8.count) }
            stage.onReceived = { seen in
                switch seen.count {
                case 1: stage.send("c")
                case 2: stage.send("d.")
                default: stage.end()
                }
            }
            stage.send("ab")
        } check: { stage in
            #expect(stage.handler.received == ["ab", "bc", "cd."])
        }
    }

    @Test func `offer passes the unconsumed bytes again without new ones`() throws {
        try LoopScript.run { stage in
            stage.handler.takes = { _ in stage.handler.received.count > 1 ? 2 : 0 }
            stage.onReceived = { seen in
                if seen.count == 1 {
                    stage.loop.schedule(after: 0) {
                        stage.stream.offer()
                        stage.stream.offer()
                        stage.end()
                    }
                }
            }
            stage.send("ab")
        } check: { stage in
            #expect(stage.handler.received == ["ab", "ab"])
        }
    }

    @Test func `bytes that the socket does not accept at once follow in order, and drained is called once`() throws {
        let total = 4 << 20
        try LoopScript.run { stage in
            stage.handler.onDrained = { stage.end() }
            let piece = [UInt8](repeating: UInt8(ascii: "x"), count: total)
            stage.stream.write(piece.span)
            #expect(!stage.stream.isWritable)
            #expect(stage.stream.backlogBytes > 0)
            stage.stream.write([UInt8(ascii: "y")].span)
            stage.readAll(until: total + 1)
        } check: { stage in
            #expect(stage.handler.drains == 1)
            #expect(stage.arrived.count == total + 1)
            #expect(stage.arrived.last == UInt8(ascii: "y"))
        }
    }

    @Test func `a stream closed in its own callback calls its handler no more, and its peer sees the end`() throws {
        try LoopScript.run { stage in
            stage.onReceived = { _ in
                stage.stream.close()
                stage.stream.write([1].span)
                stage.stream.offer()
                stage.loop.schedule(after: 1_000_000) { stage.end() }
            }
            stage.handler.takes = { _ in 0 }
            stage.send("ab")
        } check: { stage in
            #expect(stage.handler.received == ["ab"])
            #expect(stage.handler.ends.isEmpty)
            #expect(stage.peerSeesEnd())
        }
    }

    @Test(arguments: [true, false])
    func `a paused stream reports the end only if noticesEndWhilePaused is set`(isNoticing: Bool) throws {
        try LoopScript.run { stage in
            stage.stream.noticesEndWhilePaused = isNoticing
            stage.stream.setReading(false)
            stage.send("unread")
            stage.finishPeer()
            stage.loop.schedule(after: 5_000_000) {
                stage.endsWhilePaused = stage.handler.ends.count
                if !isNoticing { stage.stream.setReading(true) }
                stage.loop.schedule(after: 5_000_000) { stage.end() }
            }
        } check: { stage in
            #expect(stage.endsWhilePaused == (isNoticing ? 1 : 0))
            #expect(stage.handler.received == (isNoticing ? [] : ["unread"]))
            #expect(stage.handler.ends.count == 1)
        }
    }

    @Test func `a write to a peer that has closed reports an end, but not during the write`() throws {
        try LoopScript.run { stage in
            stage.stream.setReading(false)
            stage.stream.noticesEndWhilePaused = false
            stage.closePeer()
            for _ in 0..<3 {
                stage.stream.write([1, 2, 3].span)
                #expect(stage.handler.ends.isEmpty)
            }
            #expect(stage.stream.isOpen)
            stage.handler.onEnded = { stage.end() }
        } check: { stage in
            #expect(stage.handler.ends.count == 1)
            #expect(stage.handler.ends.first != .some(nil))
        }
    }

    @Test func `a refused connection ends with the error of connect`() throws {
        try LoopScript.run { stage in
            let address = try SocketAddress(ip: "127.0.0.1", port: 1)
            let stream = try Stream(connectingTo: address, loop: stage.loop)
            let handler = RecordingHandler()
            handler.onEnded = {
                stream.close()
                stage.end()
            }
            stream.start(handler)
            stage.kept.append(handler)
        } check: { stage in
            let handler = try #require(stage.kept.first)
            #expect(handler.ends == [SystemError(call: "connect", code: ECONNREFUSED)])
            #expect(handler.connections == 0)
        }
    }

    @Test func `timers fire in the order of their times`() throws {
        try LoopScript.run { stage in
            for delay in [3, 1, 2, 1] as [UInt64] {
                stage.loop.schedule(after: delay * 1_000_000) { stage.order.append(delay) }
            }
            stage.loop.schedule(after: 4_000_000) { stage.end() }
        } check: { stage in
            #expect(stage.order == [1, 1, 2, 3])
        }
    }
}
