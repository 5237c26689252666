import F2SModel
import Glibc
import ProcessSupport
import Synchronization

/// A proxy of the API server that rejects, breaks and delays requests. A seeded generator chooses the faults, so that
/// their sequence can be repeated. The lengths of delays are random.
final class FaultyAPIServer: Sendable {
    /// A fault in the response to a request.
    enum Fault: String, Sendable, CaseIterable {
        /// The request is forwarded unchanged.
        case none
        /// The response is 429 with `Retry-After`.
        case tooMany
        /// The response is 500.
        case broken
        /// The request is forwarded after one to three seconds.
        case slow
        /// The connection ends without a response.
        case dropped
        /// The response to a watch is 410.
        case gone
        /// The stream of a watch contains an error event with 410.
        case expired
        /// The stream of a watch is cut off after at most three seconds.
        case cut
    }

    private struct State {
        var generator: SplitMix64
        var counts: [Fault: Int] = [:]
        var isHonest = false
    }

    let port: Int
    private let listener: Int32
    private let target: Int
    private let state: Mutex<State>
    private let isOver = Flag()

    /// Listens on a free loopback port, and forwards to the server on port `target`.
    init(before target: Int, seed: UInt64) throws {
        self.target = target
        state = Mutex(State(generator: SplitMix64(seed: seed)))
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && listen(listener, 128) == 0
                    ? getsockname(listener, address, &length) : -1
            }
        }
        guard result == 0 else { throw HTTPConnection.Failure.cannotConnect(String(cString: strerror(errno))) }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(listener) }

    /// The number of requests with each fault.
    var counts: [Fault: Int] { state.withLock(\.counts) }

    /// Forwards all further requests unchanged.
    func becomeHonest() { state.withLock { $0.isHonest = true } }

    /// Ends ``run()``.
    func stop() { isOver.raise() }

    /// Serves until ``stop()`` is called.
    func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            while !isOver.isRaised {
                var waiting = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
                guard poll(&waiting, 1, 100) > 0 else { continue }
                let caller = accept(listener, nil, nil)
                if caller >= 0 { group.addTask { self.serve(Bytes(caller)) } }
            }
        }
    }

    /// Serves one request. Its connection is not used again.
    private func serve(_ caller: Bytes) {
        defer { caller.end() }
        guard let request = caller.request() else { return }
        let isWatch = request.contains("watch=1") || request.contains("watch=true")
        let fault = choose(isWatch: isWatch)
        switch fault {
        case .none: pass(request, to: caller, for: nil)
        case .tooMany: caller.answer(429, "Too Many Requests", "TooManyRequests", "Retry-After: 1\r\n")
        case .broken: caller.answer(500, "Internal Server Error", "InternalError")
        case .slow:
            pause(.milliseconds(Int64.random(in: 1000...3000)))
            pass(request, to: caller, for: nil)
        case .dropped: break
        case .gone: caller.answer(410, "Gone", "Expired")
        case .expired:
            let status = caller.status(410, "Expired")
            let event = #"{"type": "ERROR", "object": \#(status)}"# + "\n"
            caller.put(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
                    + "Content-Length: \(event.utf8.count)\r\n\r\n\(event)")
        case .cut: pass(request, to: caller, for: .milliseconds(Int64.random(in: 0...3000)))
        }
    }

    private func choose(isWatch: Bool) -> Fault {
        state.withLock { state in
            let number = state.generator.next() % 100
            let fault: Fault =
                if state.isHonest {
                    .none
                } else if isWatch {
                    number < 15 ? .gone : number < 30 ? .expired : number < 80 ? .cut : .none
                } else {
                    number < 10
                        ? .tooMany : number < 20 ? .broken : number < 25 ? .slow : number < 30 ? .dropped : .none
                }
            state.counts[fault, default: 0] += 1
            return fault
        }
    }

    /// Forwards a request, and sends the response back for at most `limit`.
    private func pass(_ request: String, to caller: Bytes, for limit: Duration?) {
        guard let server = try? Bytes(connectingTo: target) else { return }
        defer { server.end() }
        guard server.put(request) else { return }
        let deadline = limit.map { ContinuousClock.now + $0 }
        while !isOver.isRaised, deadline.map({ ContinuousClock.now < $0 }) != false {
            var waiting = [
                pollfd(fd: server.socket, events: Int16(POLLIN), revents: 0),
                // A client that has closed its connection needs no more events.
                pollfd(fd: caller.socket, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&waiting, 2, 100) >= 0 else { return }
            if waiting[0].revents != 0 {
                guard let bytes = server.some(), caller.put(bytes) else { return }
            }
            if waiting[1].revents != 0, caller.some() == nil { return }
        }
    }
}

/// A socket with blocking reads and writes.
private struct Bytes: Sendable {
    let socket: Int32

    init(_ socket: Int32) { self.socket = socket }

    init(connectingTo port: Int) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let socket = socket
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            close(socket)
            throw HTTPConnection.Failure.cannotConnect(String(cString: strerror(errno)))
        }
    }

    func end() { close(socket) }

    /// Reads the bytes that have arrived; returns `nil` if the peer has closed the connection.
    func some() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = recv(socket, &bytes, bytes.count, 0)
        return count > 0 ? Array(bytes[..<count]) : nil
    }

    @discardableResult
    func put(_ text: String) -> Bool { put(Array(text.utf8)) }

    @discardableResult
    func put(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Reads a whole request with its body, and makes it the last one of its connection.
    func request() -> String? {
        var text = ""
        while true {
            guard let bytes = some() else { return nil }
            text += String(decoding: bytes, as: UTF8.self)
            guard let head = text.firstRange(of: "\r\n\r\n") else { continue }
            let lines = text[..<head.lowerBound].split(separator: "\r\n").filter {
                !$0.lowercased().hasPrefix("connection:")
            }
            let length = lines.first { $0.lowercased().hasPrefix("content-length:") }.flatMap {
                Int($0.drop { $0 != ":" }.dropFirst().filter { $0 != " " })
            }
            let body = text[head.upperBound...]
            if body.utf8.count < length ?? 0 { continue }
            return lines.joined(separator: "\r\n") + "\r\nConnection: close\r\n\r\n" + body
        }
    }

    /// Returns a `Status` object, as the API server sends it.
    func status(_ code: Int, _ reason: String) -> String {
        #"{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "\#(reason)", "#
            + #""message": "a fault of the tests", "code": \#(code)}"#
    }

    func answer(_ code: Int, _ phrase: String, _ reason: String, _ fields: String = "") {
        let body = status(code, reason)
        put(
            "HTTP/1.1 \(code) \(phrase)\r\nContent-Type: application/json\r\nConnection: close\r\n\(fields)"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }
}
