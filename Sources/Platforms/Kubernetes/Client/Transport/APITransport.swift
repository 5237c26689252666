import AsyncHTTPClient
import F2SModel
import FoundationEssentials
import Glibc
import NIOCore
import NIOHTTP1
import NIOSSL

/// Sends requests to the API server. It does not interpret objects and never repeats a request.
final class APITransport: Sendable {
    /// The source of the credentials.
    let credentials: CredentialProvider

    private let access: ClusterAccess
    private let options: ClientOptions
    private let timing: Timing
    private let calls: HTTPClient
    /// The client for watches. They have their own connections, on which silence for longer than the longest watch is
    /// an error.
    private let watches: HTTPClient
    /// The client for logs. A followed log lasts as long as it is read, and there may be hundreds. Logs have their own
    /// connections, so that they do not delay calls.
    private let logs: HTTPClient

    init(_ access: ClusterAccess, options: ClientOptions, timing: Timing) {
        self.access = access
        self.options = options
        self.timing = timing
        credentials = CredentialProvider(access, timing: timing)
        calls = HTTPClient(configuration: Self.configuration(access, options, silenceMax: nil))
        watches = HTTPClient(
            configuration: Self.configuration(
                access, options, silenceMax: options.watchDuration * 2 + options.requestTimeout))
        var single = Self.configuration(access, options, silenceMax: nil)
        single.httpVersion = .http1Only
        single.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = Self.logsMax
        logs = HTTPClient(configuration: single)
    }

    /// The largest number of logs that are read at the same time. Further logs wait.
    private static let logsMax = 256

    func shutdown() async {
        try? await calls.shutdown()
        try? await watches.shutdown()
        try? await logs.shutdown()
    }

    /// Sends a request, passes the body of a successful response to `read`, and returns the result.
    func answer<Result: Sendable>(
        to request: KubernetesRequest, within limit: Duration,
        read: @Sendable @escaping (Data) throws(KubernetesError) -> Result
    ) async throws(KubernetesError) -> Result {
        try await inTime(limit, request) {
            let response = try await self.calls.execute(try await self.outgoing(request), deadline: .distantFuture)
            let data = try await self.collect(response)
            try self.check(response, data)
            return try read(data)
        }
    }

    /// Sends a request and returns the body of a successful response as a stream.
    func stream(
        of request: KubernetesRequest, within limit: Duration, isWatch: Bool
    ) async throws(KubernetesError) -> HTTPClientResponse.Body {
        try await inTime(limit, request) {
            let client = isWatch ? self.watches : self.logs
            let response = try await client.execute(try await self.outgoing(request), deadline: .distantFuture)
            if !(200..<300).contains(response.status.code) {
                try self.check(response, try await self.collect(response))
            }
            return response.body
        }
    }

    /// Returns the next chunk of a stream; `nil` at its end.
    func next(_ chunks: inout HTTPClientResponse.Body.AsyncIterator) async throws(KubernetesError) -> ByteBuffer? {
        do {
            let chunk = try await chunks.next(isolation: #isolation)
            // A stream whose task is cancelled ends as if it were complete.
            guard chunk != nil || !Task.isCancelled else { throw KubernetesError.cancelled }
            return chunk
        } catch {
            throw Self.failure(error, "a stream")
        }
    }

    private func outgoing(_ request: KubernetesRequest) async throws(KubernetesError) -> HTTPClientRequest {
        let credential = try await credentials.current()
        var outgoing = HTTPClientRequest(url: access.server.url(request.target))
        outgoing.method = request.method
        outgoing.tlsConfiguration = access.server.isSecure ? credential.tls : nil
        outgoing.headers.add(name: "Accept", value: request.accepts)
        outgoing.headers.add(name: "User-Agent", value: options.userAgent)
        if let token = credential.token { outgoing.headers.add(name: "Authorization", value: "Bearer \(token)") }
        if let body = request.body {
            outgoing.headers.add(name: "Content-Type", value: request.content.rawValue)
            outgoing.body = .bytes(ByteBuffer(bytes: body))
        }
        return outgoing
    }

    private func collect(_ response: HTTPClientResponse) async throws -> Data {
        var data = Data()
        for try await chunk in response.body {
            guard data.count + chunk.readableBytes <= options.answerBytesMax else {
                throw KubernetesError.malformed("it has over \(options.answerBytesMax) bytes")
            }
            data.append(contentsOf: chunk.readableBytesView)
        }
        return data
    }

    private func check(_ response: HTTPClientResponse, _ data: Data) throws(KubernetesError) {
        guard !(200..<300).contains(response.status.code) else { return }
        throw ResponseDecoder.error(
            code: Int(response.status.code), retryAfter: response.headers.first(name: "Retry-After"), body: data)
    }

    /// Runs `body` and cancels it after `limit`.
    private func inTime<Result: Sendable>(
        _ limit: Duration, _ request: KubernetesRequest, _ body: @Sendable @escaping () async throws -> Result
    ) async throws(KubernetesError) -> Result {
        guard limit > .zero else { throw .timeout(request.title) }
        let timing = timing
        do {
            return try await withThrowingTaskGroup(of: Result.self) { group in
                group.addTask { try await body() }
                group.addTask {
                    try await timing.pause(limit)
                    throw KubernetesError.timeout("\(request.title) took longer than \(limit.milliseconds) ms")
                }
                defer { group.cancelAll() }
                guard let result = try await group.next() else { throw KubernetesError.cancelled }
                return result
            }
        } catch {
            guard !Task.isCancelled else { throw .cancelled }
            throw Self.failure(error, request.title)
        }
    }

    private static func failure(_ error: any Error, _ title: String) -> KubernetesError {
        switch error {
        case let error as KubernetesError: error
        case is CancellationError: .cancelled
        case let error as HTTPClientError where error == .cancelled: .cancelled
        case let error as HTTPClientError where error == .readTimeout: .timeout("\(title) was silent for too long")
        case let error as HTTPClientError: .unreachable("\(title): \(error.shortDescription)")
        case let error as IOError: .unreachable("\(title): \(String(cString: strerror(error.errnoCode)))")
        default: .unreachable("\(title): \(cause("\(error)"))")
        }
    }

    /// Returns the operating system's error for a connection that could not be made. NIO includes it in a long
    /// description of all attempts.
    private static func cause(_ description: String) -> String {
        guard let mark = description.firstRange(of: "errno: "),
            let code = Int32(description[mark.upperBound...].prefix { $0.isNumber })
        else { return String(description.prefix(300)) }
        return String(cString: strerror(code))
    }

    private static func configuration(
        _ access: ClusterAccess, _ options: ClientOptions, silenceMax: Duration?
    ) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = TimeAmount(options.connectTimeout)
        configuration.timeout.read = silenceMax.map { TimeAmount($0) }
        // The HTTP client does not retry, because its callers decide about retries.
        configuration.connectionPool.retryConnectionEstablishment = false
        // Without HTTP/2, each call in flight needs its own connection.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        configuration.dnsOverride = access.server.hostOverride
        configuration.proxy = access.server.proxy
        configuration.http1_1ConnectionDebugInitializer = keepAlive
        configuration.http2ConnectionDebugInitializer = keepAlive
        return configuration
    }

    /// Makes the kernel detect within half a minute that the peer has vanished without closing the connection, as a
    /// machine does that loses power. A watch sends nothing, so it would not notice.
    private static let keepAlive: @Sendable (any Channel) -> EventLoopFuture<Void> = { channel in
        let settings: [(Int, Int32, Int)] = [
            (Int(SOL_SOCKET), SO_KEEPALIVE, 1), (Int(IPPROTO_TCP), TCP_KEEPIDLE, 15),
            (Int(IPPROTO_TCP), TCP_KEEPINTVL, 5), (Int(IPPROTO_TCP), TCP_KEEPCNT, 3),
            (Int(IPPROTO_TCP), TCP_USER_TIMEOUT, 30_000),
        ]
        let futures = settings.map { level, name, value in
            channel.setOption(
                ChannelOptions.socket(SocketOptionLevel(level), SocketOptionName(name)), value: SocketOptionValue(value)
            )
        }
        // A channel that is not a socket, as behind a proxy, rejects these options. The failure is ignored.
        return EventLoopFuture.andAllComplete(futures, on: channel.eventLoop)
    }
}

extension Duration {
    fileprivate var milliseconds: Int { Int((inSeconds * 1000).rounded()) }
}
