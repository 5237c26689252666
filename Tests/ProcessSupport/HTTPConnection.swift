import Glibc

/// A client connection on a raw socket. It sends exactly the bytes that a test passes, and each way in which the
/// connection can fail has its own error.
package final class HTTPConnection {
    /// A failure of a connection or of an exchange.
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
            case .closedBeforeAnswer: "the peer closed the connection before it sent a response"
            case .closedWithinAnswer: "the peer closed the connection within the response"
            case .timedOut: "the peer sent nothing before the read timed out"
            case .malformed(let what): "the response is malformed: \(what)"
            }
        }
    }

    /// The time on the monotonic clock at which the first byte of the latest response arrived, in nanoseconds.
    package private(set) var firstByteAt: Int64 = 0

    private let socket: Int32
    private var scratch: [UInt8]
    private var held: ArraySlice<UInt8> = []
    private var awaitsFirstByte = false

    /// Connects to a port, by default on this machine.
    /// - Parameter silence: The longest time that a single read or write may take, in whole seconds.
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
        // If this throws, the descriptor is closed by `deinit`, because every property has a value.
        guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
            throw Failure.cannotConnect("\(host) is not an IPv4 address")
        }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure.cannotConnect(Self.reason) }
    }

    deinit { if socket >= 0 { Glibc.close(socket) } }

    /// Closes the sending side of the connection.
    package func finishSending() { shutdown(socket, Int32(SHUT_WR)) }

    /// Makes the close of this connection a reset, which discards unsent data.
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

    /// Sends a request. Adds `Host` unless it is among `fields`, and `Content-Length` if there is a body.
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

    /// Sends a request and waits for the complete response.
    package func exchange(
        _ method: String, _ target: String, _ fields: [(String, String)] = [], body: [UInt8]? = nil
    ) throws -> HTTPAnswer {
        try send(method, target, fields, body: body)
        return try answer(to: method)
    }

    /// Reads the next response with its body. Skips `100 Continue`.
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

    /// Reads the next head. The body remains unread.
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

    /// Reads the next chunk of a chunked body. Returns `nil` after the last chunk.
    package func chunk() throws -> [UInt8]? {
        guard let size = Int(try line(isFirst: false), radix: 16) else { throw Failure.malformed("a chunk's size") }
        var bytes: [UInt8] = []
        while bytes.count < size { bytes += try some(upTo: size - bytes.count) }
        guard try line(isFirst: false).isEmpty else { throw Failure.malformed("a chunk's end") }
        return size == 0 ? nil : bytes
    }

    /// Reads at least one and at most `count` bytes of a body.
    package func some(upTo count: Int) throws -> ArraySlice<UInt8> {
        if held.isEmpty { try fill() }
        let bytes = held.prefix(count)
        held = held.dropFirst(bytes.count)
        return bytes
    }

    /// Reads and discards `count` bytes of a body.
    package func skip(_ count: Int) throws {
        var left = count
        while left > 0 { left -= try some(upTo: left).count }
    }

    /// Reads at least one byte. Returns `nil` if the peer has closed the connection.
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
        // The slice must release the buffer before `recv` writes to it; otherwise the buffer would be copied.
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

/// A response.
package struct HTTPAnswer: Sendable {
    package var status: Int
    /// The fields by name in lower case.
    package var fields: [String: String] = [:]
    package var body: [UInt8] = []
    /// The time on the monotonic clock at which the first byte arrived, in nanoseconds.
    package var firstByteAt: Int64

    package subscript(field: String) -> String? { fields[field] }
    package var text: String { String(decoding: body, as: UTF8.self) }
    package var json: JSONValue { get throws { try JSONValue(body) } }
}
