import AsyncHTTPClient
import F2SModel
import Glibc
import NIOCore
import NIOHTTP1
import Synchronization

/// The transport over the network: HTTP/1.1 or HTTP/2 with AsyncHTTPClient. All requests share one pool of connections.
final class NetworkPrometheusTransport: PrometheusTransport {
    /// The largest response, in bytes.
    static let bytesMax = 4 << 20

    private enum State {
        case idle
        case active(HTTPClient)
        case closed
    }

    /// The client is made when it is needed, so that a start without Prometheus does not pay for it.
    private let state = Mutex(State.idle)

    init() {}

    /// Sends a request. See ``PrometheusTransport/send(_:)``.
    func send(_ request: PrometheusRequest) async throws(PrometheusError) -> PrometheusAnswer {
        guard let client = client() else { throw .unreachable(url: request.server, reason: "F2S is shutting down") }
        var outgoing = HTTPClientRequest(url: request.url)
        outgoing.method = .POST
        outgoing.headers.add(name: "Accept", value: "application/json")
        outgoing.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
        outgoing.headers.add(name: "User-Agent", value: "f2s")
        if let authorization = request.authorization {
            outgoing.headers.add(name: "Authorization", value: authorization.revealed)
        }
        outgoing.body = .bytes(ByteBuffer(string: request.form))
        do {
            // The caller cancels a request that takes too long.
            let response = try await client.execute(outgoing, deadline: .distantFuture)
            let content = try await response.body.collect(upTo: Self.bytesMax)
            return PrometheusAnswer(status: Int(response.status.code), content: Array(content.readableBytesView))
        } catch is NIOTooManyBytesError {
            throw .malformed(url: request.server, "it has over \(Self.bytesMax) bytes")
        } catch {
            throw .unreachable(url: request.server, reason: Self.reason(error))
        }
    }

    /// Closes the connections. See ``PrometheusTransport/close()``.
    func close() async {
        let client = state.withLock { state -> HTTPClient? in
            defer { state = .closed }
            return if case .active(let client) = state { client } else { nil }
        }
        try? await client?.shutdown()
    }

    private func client() -> HTTPClient? {
        state.withLock { state in
            switch state {
            case .active(let client): return client
            case .closed: return nil
            case .idle:
                var configuration = HTTPClient.Configuration()
                // A redirect could lead to an address that the settings do not name.
                configuration.redirectConfiguration = .disallow
                configuration.timeout.connect = TimeAmount(PrometheusClient.limit)
                configuration.connectionPool.retryConnectionEstablishment = false
                let client = HTTPClient(configuration: configuration)
                state = .active(client)
                return client
            }
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError where error == .connectTimeout:
            "no connection within \(PrometheusClient.limit.humanText)"
        case let error as HTTPClientError where error == .remoteConnectionClosed: "it closed the connection"
        case let error as HTTPClientError: error.shortDescription
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case is CancellationError: "the request was cancelled"
        // Descriptions of other errors of connections may be long.
        default: String("\(error)".prefix(300))
        }
    }
}
