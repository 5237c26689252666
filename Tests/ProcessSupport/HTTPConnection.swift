import Glibc

/// A client connection on a raw socket: what is written is what is sent, and every ending has its own name.
package final class HTTPConnection {
    /// How a connection or an exchange can end badly.
    package enum Failure: Error, Hashable, CustomStringConvertible {
        case cannotConnect(String)
        case cannotSend(String)
        case closedBeforeAnswer
        case closedWithinAnswer
        case timedOut
        case malformed(String)

        package var description: String {
            switch self {
            case .cannotConnect(let reason): "cannot connect: \(reason)"
            case .cannotSend(let reason): "cannot send: \(reason)"
            case .closedBeforeAnswer: "the connection was closed before an answer"
            case .closedWithinAnswer: "the connection was closed within the answer"
            case .timedOut: "nothing came for too long"
            case .malformed(let what): "the answer is malformed: \(what)"
            }
        }
    }

    /// When the first byte of the newest answer came, on the monotonic clock.
    package private(set) var firstByteAt: Int64 = 0

    private let socket: Int32
    private var scratch: [UInt8]
    private var held: ArraySlice<UInt8> = []
    private var awaitsFirstByte = false

    /// Connects to a port, of this machine unless told. `silence`: how long a single read or write may take.
    package init(
        host: String = "127.0.0.1", port: Int, silence: Duration = .seconds(30), bufferBytes: Int = 65_536
    ) throws {
        scratch = [UInt8](repeating: 0, count: bufferBytes)
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw Failure.cannotConnect(Self.reason) }
        var limit = timeval(tv_sec: Int(silence.components.seconds), tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var yes: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
            Glibc.close(socket)
            throw Failure.cannotConnect("\(host) is no address")
        }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            let reason = Self.reason
            Glibc.close(socket)
            throw Failure.cannotConnect(reason)
        }
    }

    deinit { Glibc.close(socket) }

    /// Says that nothing more will be sent.
    package func finishSending() { shutdown(socket, Int32(SHUT_WR)) }

    /// Makes the end of this connection a reset: what is on its way is lost.
    package func endByReset() {
        var atOnce = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &atOnce, socklen_t(MemoryLayout<linger>.size))
    }

    // MARK: Sending

    package func send(_ text: String) throws { try send(Array(text.utf8)) }

    package func send(_ bytes: [UInt8]) throws {
        awaitsFirstByte = true
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw Failure.cannotSend(Self.reason) }
            rest = rest.dropFirst(count)
        }
    }

    /// Sends a request; fields that are not given are Host and, with a body, Content-Length.
    package func send(
        _ method: String, _ target: String, _ fields: [(String, String)] = [], body: [UInt8]? = nil
    ) throws {
        var head = "\(method) \(target) HTTP/1.1\r\n"
        if !fields.contains(where: { $0.0.lowercased() == "host" }) { head += "Host: localhost\r\n" }
        for (name, value) in fields { head += "\(name): \(value)\r\n" }
        if let body { head += "Content-Length: \(body.count)\r\n" }
        try send(Array((head + "\r\n").utf8) + (body ?? []))
    }

    // MARK: Receiving

    /// Sends a request and waits for the whole answer.
    package func exchange(
        _ method: String, _ target: String, _ fields: [(String, String)] = [], body: [UInt8]? = nil
    ) throws -> HTTPAnswer {
        try send(method, target, fields, body: body)
        return try answer(to: method)
    }

    /// The next answer with its body.
    package func answer(to method: String = "GET") throws -> HTTPAnswer {
        var answer = try head()
        while answer.status == 100 { answer = try head() }
        guard method != "HEAD", answer.status != 204, answer.status != 304, answer.status != 101 else { return answer }
        if answer["transfer-encoding"]?.lowercased() == "chunked" {
            while let chunk = try chunk() { answer.body += chunk }
        } else if let length = answer["content-length"].flatMap({ Int($0) }) {
            while answer.body.count < length { answer.body += try some(upTo: length - answer.body.count) }
        } else {
            while let more = try someOrEnd() { answer.body += more }
        }
        return answer
    }

    /// The next head; its body is left to be read.
    package func head() throws -> HTTPAnswer {
        var lines: [String] = []
        while true {
            let line = try line(isFirst: lines.isEmpty)
            if line.isEmpty { break }
            lines.append(line)
        }
        let words = (lines.first ?? "").split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0] == "HTTP/1.1", let status = Int(words[1]) else {
            throw Failure.malformed(lines.first ?? "an empty head")
        }
        var answer = HTTPAnswer(status: status, firstByteAt: firstByteAt)
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { throw Failure.malformed(line) }
            let value = line[colon...].dropFirst().drop { $0 == " " }
            let name = line[..<colon].lowercased()
            answer.fields[name] = answer.fields[name].map { "\($0), \(value)" } ?? String(value)
        }
        return answer
    }

    /// The next chunk of a chunked body; `nil`: that was all.
    package func chunk() throws -> [UInt8]? {
        guard let size = Int(try line(isFirst: false), radix: 16) else { throw Failure.malformed("a chunk's size") }
        var bytes: [UInt8] = []
        while bytes.count < size { bytes += try some(upTo: size - bytes.count) }
        guard try line(isFirst: false).isEmpty else { throw Failure.malformed("a chunk's end") }
        return size == 0 ? nil : bytes
    }

    /// At least one byte of a body.
    package func some(upTo count: Int) throws -> ArraySlice<UInt8> {
        if held.isEmpty { try fill() }
        let bytes = held.prefix(count)
        held = held.dropFirst(bytes.count)
        return bytes
    }

    /// Throws `count` bytes of a body away.
    package func skip(_ count: Int) throws {
        var left = count
        while left > 0 { left -= try some(upTo: left).count }
    }

    /// At least one byte; `nil`: the other side has closed.
    package func someOrEnd() throws -> ArraySlice<UInt8>? {
        do { return try some(upTo: .max) } catch Failure.closedWithinAnswer { return nil }
    }

    private func line(isFirst: Bool) throws -> String {
        var line: [UInt8] = []
        while true {
            if held.isEmpty {
                do { try fill() } catch Failure.closedWithinAnswer where isFirst && line.isEmpty {
                    throw Failure.closedBeforeAnswer
                }
            }
            let byte = held.removeFirst()
            if byte == UInt8(ascii: "\n") { break }
            line.append(byte)
        }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return String(decoding: line, as: UTF8.self)
    }

    private func fill() throws {
        // The slice must let go of the buffer before it is written to, or it would be copied.
        held = []
        let count = recv(socket, &scratch, scratch.count, 0)
        if count < 0, errno == EAGAIN { throw Failure.timedOut }
        guard count > 0 else { throw Failure.closedWithinAnswer }
        if awaitsFirstByte {
            firstByteAt = monotonicNanoseconds()
            awaitsFirstByte = false
        }
        held = scratch[..<count]
    }

    private static var reason: String { String(cString: strerror(errno)) }
}

/// An answer.
package struct HTTPAnswer: Sendable {
    package var status: Int
    /// By name in lower case.
    package var fields: [String: String] = [:]
    package var body: [UInt8] = []
    /// When its first byte came, on the monotonic clock.
    package var firstByteAt: Int64

    package subscript(field: String) -> String? { fields[field] }
    package var text: String { String(decoding: body, as: UTF8.self) }
    package var json: JSONValue { get throws { try JSONValue(body) } }
}
