import AsyncHTTPClient
import F2SWrap
import Glibc
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

/// A wrap server on a free port, with a client of its own.
struct WrapFixture: Sendable {
    let port: Int
    let client: HTTPClient
    let log: ErrorLog

    /// Serves while `body` runs, and stops.
    static func serve(_ options: WrapOptions, _ body: (WrapFixture) async throws -> Void) async throws {
        let log = ErrorLog()
        let (ports, bound) = AsyncStream.makeStream(of: Int.self)
        let server = WrapServer(
            options, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            log: { log.append($0) }, onBound: { bound.yield($0) })
        try await HTTPClient.withHTTPClient { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    // The test must not wait for a server that does not start.
                    defer { bound.finish() }
                    try await server.run()
                }
                var ready = ports.makeAsyncIterator()
                guard let port = await ready.next() else { return try await group.waitForAll() }
                try await body(WrapFixture(port: port, client: client, log: log))
                group.cancelAll()
            }
        }
    }

    /// Serves a command with the default options.
    static func serve(_ command: String..., body: (WrapFixture) async throws -> Void) async throws {
        try await serve(WrapOptions(command: command), body)
    }

    /// Returns a request to this server.
    func request(_ method: String = "GET", _ target: String = "/", body: HTTPClientRequest.Body? = nil)
        -> HTTPClientRequest
    {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(target)")
        request.method = .RAW(value: method)
        request.body = body
        return request
    }

    /// Sends bytes as they are and reads until the end.
    /// - Returns: The bytes received, and true if the server has ended the connection within ten seconds.
    func exchange(_ text: String) async throws -> (answer: String, isEnded: Bool) {
        try await NIOThreadPool.singleton.runIfActive { [port] in
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(UInt16(port)).bigEndian
            address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
            let connected = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            let sent = connected == 0 ? Glibc.send(descriptor, text, text.utf8.count, 0) : -1
            guard sent == text.utf8.count else { return ("", false) }
            var limit = timeval(tv_sec: 10, tv_usec: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            var answer: [UInt8] = []
            var bytes = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = recv(descriptor, &bytes, bytes.count, 0)
                guard count > 0 else { return (String(decoding: answer, as: UTF8.self), count == 0) }
                answer += bytes[..<count]
            }
        }
    }

    /// Sends a request and collects the response.
    func send(_ request: HTTPClientRequest) async throws -> (status: Int, type: String?, body: String) {
        let response = try await client.execute(request, timeout: .seconds(30))
        let body = try await response.body.collect(upTo: 64 << 20)
        return (Int(response.status.code), response.headers.first(name: "content-type"), String(buffer: body))
    }
}

/// The standard error of the commands.
final class ErrorLog: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    func append(_ more: [UInt8]) { bytes.withLock { $0 += more } }

    var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }

    /// Waits for the first line and returns its number, as `echo $$ >&2` writes it.
    func processID() async throws -> Int32 {
        try await eventually("a process ID in the log") { text.contains("\n") }
        return try #require(Int32(text.prefix { $0 != "\n" }))
    }
}

/// Waits for a condition that another process or thread fulfils.
func eventually(_ what: String, _ condition: () -> Bool) async throws {
    let deadline = ContinuousClock.now.advanced(by: .seconds(15))
    // On a busy machine, the time may be over before the condition could be checked often enough.
    var attempts = 0
    while !condition() {
        attempts += 1
        try #require(ContinuousClock.now < deadline || attempts < 500, "this did not happen in time: \(what)")
        try await Task.sleep(for: .milliseconds(5))
    }
}
