import AsyncHTTPClient
import F2SAccess
import F2SConfig
import F2SMetrics
import F2SModel
import FoundationEssentials
import Glibc
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import TestSupport

@testable import F2SAPIServer

/// The API server on its own Unix socket and TCP port, for the duration of one test.
struct TestServer: Sendable {
    let memory: InMemoryPlatform
    let metrics: MetricRegistry
    let operatorInspector: StubOperator
    let operationsPort: Int
    let routes: [APIRoute]
    /// The routes of the console; empty without one.
    let consoleRoutes: [APIRoute]
    /// The functions for which a start was requested.
    let startRequests: Latest<[Function.ID]>
    /// The histories of the functions.
    let archive: InMemoryArchive
    /// The invocations for the time series.
    let activity: StubActivity
    /// The time series. Their clock stands still, so a test records each step itself.
    let sampler: TimeSeriesSampler
    private let socketPath: String
    private let consolePath: String

    /// The `host:port` of the console's listener, which no test opens.
    static let consoleAuthority = "127.0.0.1:8090"

    /// A listener of the dispatcher.
    enum Listener: Sendable, Hashable, CaseIterable {
        case api, console
    }

    /// The options of a test.
    struct Options: Sendable {
        var functions: [FunctionDraft] = []
        var authenticator: any Authenticator = StubOpenAuthenticator()
        var tokens: any APITokenStore = InMemoryTokens()
        /// The sessions of the console; `nil` for a server without a console.
        var sessions: StubSessions?
        /// The sign-ins at functions, if there is a console.
        var logins = StubLogins()
        var replicas: (any ReplicaRuntime)?
        var invoker = StubInvoker()
        var auditLog: (any AuditLog)?
        /// The Secrets of functions; `nil` for a platform without Secrets.
        var secrets: FunctionSecrets?
        var isReady = true
        var keepAlive = Duration.seconds(15)
        /// The shortest time between two events of a stream of changes.
        var changeInterval = Duration.milliseconds(5)
        var operationsPort = 0
        var settings = Settings()
        var conditions: @Sendable () -> [InstallationCondition] = { [] }
        /// A database of metrics; `nil` for a server without one.
        var seriesSource: (any FunctionSeriesSource)?
    }

    /// Runs a server and `body`, then ends the server by graceful shutdown.
    static func with(
        _ options: Options = Options(), _ body: (TestServer) async throws -> Void
    ) async throws {
        let memory = InMemoryPlatform(functions: options.functions)
        let inspector = StubOperator(memory: memory)
        let metrics = MetricRegistry()
        let activity = StubActivity()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let socketPath = "/tmp/f2s-api-\(String(UInt64.random(in: 0...UInt64.max), radix: 36)).sock"
        let consolePath = "\(socketPath)2"
        defer {
            unlink(socketPath)
            unlink(consolePath)
        }
        let startRequests = Latest<[Function.ID]>([])
        let platform = Platform(
            name: "memory", functions: memory.functions, replicas: options.replicas ?? memory.replicas,
            election: AlwaysLeader(), peers: NoPeers(), events: memory.events)
        let catalog = FunctionCatalog(store: memory.functions, logger: logger)
        let archive = InMemoryArchive()
        let (ports, bound) = AsyncStream.makeStream(of: Int.self)
        var parts = APIServerParts(
            platform: platform, catalog: catalog, archive: archive, settings: Latest(options.settings),
            metrics: metrics, authenticator: options.authenticator, tokens: options.tokens,
            operatorInspector: inspector, dispatcherInspector: StubDispatcher(), activity: activity,
            clock: ManualClock(), invoker: options.invoker,
            requestStart: { id in startRequests.update { $0.append(id) } },
            socketPath: socketPath, operationsAddress: ("127.0.0.1", options.operationsPort),
            isReady: { options.isReady }, conditions: options.conditions, publicAuthority: { "127.0.0.1:8080" },
            console: options.sessions.map { sessions in
                ConsoleParts(
                    socketPath: consolePath, sessions: sessions, logins: options.logins,
                    authority: { consoleAuthority })
            },
            publicHosts: { options.settings.publicHosts },
            onOperationsBound: { bound.yield($0) }, version: "1.2.3")
        parts.auditLog = options.auditLog
        parts.seriesSource = options.seriesSource
        parts.secrets = options.secrets
        let apiServer = APIServer(
            parts, keepAlive: options.keepAlive, changeInterval: options.changeInterval, logger: logger)
        let group = ServiceGroup(services: [catalog, apiServer], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                // Ends the stream, so that a test continues if its server could not start.
                defer { bound.finish() }
                try await group.run()
            }
            guard let port = await ports.first(where: { _ in true }) else { return try await tasks.waitForAll() }
            let server = TestServer(
                memory: memory, metrics: metrics, operatorInspector: inspector, operationsPort: port,
                routes: apiServer.routes, consoleRoutes: apiServer.consoleRoutes, startRequests: startRequests,
                archive: archive,
                activity: activity, sampler: apiServer.sampler, socketPath: socketPath, consolePath: consolePath)
            do {
                try await server.waitUntilItAnswers()
                try await body(server)
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    /// Sends a request to the API, from localhost unless the headers differ. It does not follow a redirect.
    func send(
        _ method: String, _ path: String, headers: [String: String] = [:], body: String? = nil
    ) async throws -> Answer {
        let request = request(method, path, headers: headers, body: body.map { .bytes(ByteBuffer(string: $0)) })
        return try await Answer(Self.client.execute(request, timeout: .seconds(30)))
    }

    /// Sends a request to the console, from localhost unless the headers differ. It does not follow a redirect.
    func sendToConsole(
        _ method: String, _ path: String, headers: [String: String] = [:], body: String? = nil
    ) async throws -> Answer {
        let request = request(
            method, path, headers: headers.merging(["Host": "localhost:8090"]) { own, _ in own },
            body: body.map { .bytes(ByteBuffer(string: $0)) }, to: .console)
        return try await Answer(Self.client.execute(request, timeout: .seconds(30)))
    }

    /// Sends a request to a listener.
    func send(
        to listener: Listener, _ method: String, _ path: String, headers: [String: String] = [:], body: String? = nil
    ) async throws -> Answer {
        switch listener {
        case .api: try await send(method, path, headers: headers, body: body)
        case .console: try await sendToConsole(method, path, headers: headers, body: body)
        }
    }

    /// A client that does not follow redirects. It lives as long as the process.
    private static let client = HTTPClient(
        eventLoopGroupProvider: .singleton, configuration: HTTPClient.Configuration(redirectConfiguration: .disallow))

    /// Sends a function.
    func send(_ method: String, _ path: String, yaml: String, headers: [String: String] = [:]) async throws -> Answer {
        try await send(
            method, path, headers: headers.merging(["Content-Type": "application/yaml"]) { own, _ in own }, body: yaml)
    }

    /// Sends a request to the operations listener.
    func sendToOperations(_ method: String, _ path: String) async throws -> Answer {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(operationsPort)\(path)")
        request.method = .RAW(value: method)
        return try await Answer(HTTPClient.shared.execute(request, timeout: .seconds(30)))
    }

    /// Opens a stream and reads texts from it. The connection is closed when `body` returns.
    func stream<Result: Sendable>(
        _ path: String, headers: [String: String] = [:],
        _ body: @concurrent @Sendable (inout TextReader) async throws -> Result
    ) async throws -> Result {
        let response = try await HTTPClient.shared.execute(
            request("GET", path, headers: headers, body: nil), timeout: .seconds(30))
        var reader = TextReader(response)
        return try await body(&reader)
    }

    /// Returns a request to a listener.
    func request(
        _ method: String, _ path: String, headers: [String: String] = [:], body: HTTPClientRequest.Body?,
        to listener: Listener = .api
    ) -> HTTPClientRequest {
        let host = (listener == .api ? socketPath : consolePath).split(separator: "/").joined(separator: "%2F")
        var request = HTTPClientRequest(url: "http+unix://%2F\(host)\(path)")
        request.method = .RAW(value: method)
        for (name, value) in headers.merging(["Host": "localhost"], uniquingKeysWith: { own, _ in own }) {
            request.headers.add(name: name, value: value)
        }
        request.body = body
        return request
    }

    private func waitUntilItAnswers() async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            do {
                _ = try await send("GET", "/health")
                return
            } catch {
                guard ContinuousClock.now < deadline else { throw error }
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }
}

/// A complete response.
struct Answer: Sendable {
    let status: Int
    let headers: [String: String]
    let body: String

    init(_ response: HTTPClientResponse) async throws {
        status = Int(response.status.code)
        headers = Dictionary(response.headers.map { ($0.name.lowercased(), $0.value) }) { "\($0), \($1)" }
        body = String(buffer: try await response.body.collect(upTo: 16 * 1024 * 1024))
    }

    /// The body as JSON.
    var json: JSON {
        get throws { try JSONDecoder().decode(JSON.self, from: Data(body.utf8)) }
    }

    /// The detail of a problem document; `nil` if the response is none.
    var problem: String? {
        guard headers["content-type"] == Problem.mediaType else { return nil }
        return try? json["detail"]?.text
    }
}

/// Reads the text of a stream as it arrives.
struct TextReader {
    let status: Int
    let contentType: String?
    private var chunks: HTTPClientResponse.Body.AsyncIterator
    private(set) var text = ""

    init(_ response: HTTPClientResponse) {
        status = Int(response.status.code)
        contentType = response.headers.first(name: "content-type")
        chunks = response.body.makeAsyncIterator()
    }

    /// Reads until the text contains `part`, or the stream ends.
    @concurrent mutating func read(until part: String) async throws {
        while !text.contains(part), let chunk = try await chunks.next() { text += String(buffer: chunk) }
    }

    /// Reads until the stream ends.
    @concurrent mutating func readToEnd() async throws {
        while let chunk = try await chunks.next() { text += String(buffer: chunk) }
    }
}

extension JSON: Decodable {
    /// Decodes any JSON; `null` becomes a text.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .string("null")
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSON].self) {
            self = .array(value)
        } else if let value = try? container.decode([String: JSON].self) {
            self = .object(value)
        } else {
            self = .string("\(try container.decode(Double.self))")
        }
    }

    /// The members of an array.
    var items: [JSON] {
        guard case .array(let items) = self else { return [] }
        return items
    }

    /// The members of an object.
    var members: [String: JSON] {
        guard case .object(let members) = self else { return [:] }
        return members
    }
}
