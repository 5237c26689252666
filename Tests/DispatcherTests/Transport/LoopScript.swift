import Glibc

@testable import F2SDispatcher

/// An event loop on the test's thread, a stream on it, and the peer's end of the stream's socket.
final class LoopScript {
    let loop: EventLoop
    let stream: Stream
    let handler = RecordingHandler()
    private var peer: Int32
    private(set) var arrived: [UInt8] = []
    var onReceived: ([String]) -> Void = { _ in }
    var endsWhilePaused = -1
    var order: [UInt64] = []
    var kept: [RecordingHandler] = []

    private init() throws {
        loop = EventLoop(poll: try Poll())
        var pair: [Int32] = [-1, -1]
        let type = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue
        guard socketpair(AF_UNIX, Int32(type), 0, &pair) == 0 else { throw SystemError.last("socketpair") }
        peer = pair[1]
        stream = Stream(accepted: pair[0], loop: loop)
    }

    deinit {
        if peer >= 0 { close(peer) }
    }

    /// Runs a script: calls `begin`, runs the loop until ``end()`` or for two seconds, and calls `check`.
    static func run(_ begin: (LoopScript) throws -> Void, check: (LoopScript) throws -> Void) throws {
        let stage = try LoopScript()
        stage.handler.onReceived = { [unowned stage] in stage.onReceived($0) }
        stage.handler.onEnded = { [unowned stage] in stage.stream.close() }
        stage.stream.start(stage.handler)
        try begin(stage)
        stage.loop.schedule(after: 2_000_000_000) { [unowned stage] in stage.loop.stop() }
        stage.loop.run(tick: 1_000_000_000, mailArrived: {}, roundEnded: {}, timePassed: {})
        try check(stage)
        stage.stream.close()
    }

    func end() { loop.stop() }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.send(peer, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Closes the sending side of the peer.
    func finishPeer() { shutdown(peer, Int32(SHUT_WR)) }

    func closePeer() {
        close(peer)
        peer = -1
    }

    /// Reads from the peer's end, once in each round of the loop, until `count` bytes have arrived.
    func readAll(until count: Int) {
        var bytes = [UInt8](repeating: 0, count: 256 * 1024)
        let length = recv(peer, &bytes, bytes.count, 0)
        if length > 0 { arrived += bytes[..<length] }
        if arrived.count < count { loop.schedule(after: 0) { [unowned self] in readAll(until: count) } }
    }

    func peerSeesEnd() -> Bool {
        var byte: UInt8 = 0
        return recv(peer, &byte, 1, 0) == 0
    }
}

/// A handler that records its calls.
final class RecordingHandler: StreamHandler {
    private(set) var received: [String] = []
    private(set) var ends: [SystemError?] = []
    private(set) var connections = 0
    private(set) var drains = 0
    /// Returns the number of bytes that the handler consumes of the received text.
    var takes: (String) -> Int = { $0.utf8.count }
    var onReceived: ([String]) -> Void = { _ in }
    var onEnded: () -> Void = {}
    var onDrained: () -> Void = {}

    func connected() { connections += 1 }

    func received(_ bytes: Span<UInt8>) -> Int {
        let text = bytes.text(ByteRange(0, bytes.count))
        received.append(text)
        let count = takes(text)
        onReceived(received)
        return count
    }

    func drained() {
        drains += 1
        onDrained()
    }

    func ended(_ failure: SystemError?) {
        ends.append(failure)
        onEnded()
    }
}
