import AsyncHTTPClient
import F2SWrap
import Logging
import NIOCore
import NIOHTTP1
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
                    // A server that does not come up must not be waited for.
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

    /// The same with a command and otherwise defaults.
    static func serve(_ command: String..., body: (WrapFixture) async throws -> Void) async throws {
        try await serve(WrapOptions(command: command), body)
    }

    /// A request to this server.
    func request(_ method: String = "GET", _ target: String = "/", body: HTTPClientRequest.Body? = nil)
        -> HTTPClientRequest
    {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(target)")
        request.method = .RAW(value: method)
        request.body = body
        return request
    }

    /// Sends and collects.
    func send(_ request: HTTPClientRequest) async throws -> (status: Int, type: String?, body: String) {
        let response = try await client.execute(request, timeout: .seconds(30))
        let body = try await response.body.collect(upTo: 64 << 20)
        return (Int(response.status.code), response.headers.first(name: "content-type"), String(buffer: body))
    }
}

/// What commands write to their standard error.
final class ErrorLog: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    func append(_ more: [UInt8]) { bytes.withLock { $0 += more } }

    var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }

    /// The number on the first line, as `echo $$ >&2` writes it; waits until it is there.
    func processID() async throws -> Int32 {
        try await eventually("a process identifier in the log") { text.contains("\n") }
        return try #require(Int32(text.prefix { $0 != "\n" }))
    }
}

/// Waits for something that another process or thread does.
func eventually(_ what: String, _ condition: () -> Bool) async throws {
    let deadline = ContinuousClock.now.advanced(by: .seconds(15))
    while !condition() {
        try #require(ContinuousClock.now < deadline, "never came: \(what)")
        try await Task.sleep(for: .milliseconds(5))
    }
}
