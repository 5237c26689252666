import AsyncHTTPClient
import F2SModel
import F2SSystem
import Glibc
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// The transport over the network: HTTP/1.1 or HTTP/2 with AsyncHTTPClient.
final class NetworkProviderTransport: ProviderTransport {
    /// The longest time for a response.
    private static let limit = Duration.seconds(5)
    /// The largest response, in bytes.
    private static let bytesMax = 256 << 10
    /// The largest file with certificate authorities, in bytes.
    private static let caFileBytesMax = 1 << 20

    private enum State {
        case idle
        case active(HTTPClient)
        case closed
    }

    /// The client is made when it is needed, so that a start without providers does not pay for it.
    private let state = Mutex(State.idle)

    init() {}

    /// Sends a request. See ``ProviderTransport/send(_:)``.
    func send(_ request: ProviderRequest) async throws(ProviderError) -> [UInt8] {
        guard let client = client() else { throw .unreachable(url: request.url, reason: "F2S is shutting down") }
        let outgoing = try Self.outgoing(request)
        do {
            // The client's own deadline covers the head of the response only.
            return try await withThrowingTaskGroup(of: [UInt8].self) { group in
                group.addTask { try await Self.content(of: outgoing, client) }
                group.addTask {
                    try await Task.sleep(for: Self.limit)
                    throw HTTPClientError.deadlineExceeded
                }
                defer { group.cancelAll() }
                guard let content = try await group.next() else { throw CancellationError() }
                return content
            }
        } catch let error as ProviderError {
            throw error
        } catch {
            throw .unreachable(url: request.url, reason: Self.reason(error))
        }
    }

    private static func content(of request: HTTPClientRequest, _ client: HTTPClient) async throws -> [UInt8] {
        let response = try await client.execute(request, deadline: .distantFuture)
        guard response.status == .ok else { throw ProviderError.status(url: request.url, Int(response.status.code)) }
        return Array((try await response.body.collect(upTo: bytesMax)).readableBytesView)
    }

    /// Closes the connections. See ``ProviderTransport/close()``.
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
                configuration.timeout.connect = TimeAmount(Self.limit)
                configuration.connectionPool.retryConnectionEstablishment = false
                let client = HTTPClient(configuration: configuration)
                state = .active(client)
                return client
            }
        }
    }

    private static func outgoing(_ request: ProviderRequest) throws(ProviderError) -> HTTPClientRequest {
        var outgoing = HTTPClientRequest(url: request.url)
        // Kubernetes serves its keys as the latter only (RFC 7517 section 8.5.2).
        outgoing.headers.add(name: "Accept", value: "application/json, application/jwk-set+json")
        outgoing.headers.add(name: "User-Agent", value: "f2s")
        if let authorization = request.authorization {
            outgoing.headers.add(name: "Authorization", value: authorization.revealed)
        }
        if let form = request.form {
            outgoing.method = .POST
            outgoing.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
            outgoing.body = .bytes(ByteBuffer(string: form.revealed))
        }
        if let file = request.caFile {
            // The file is read again for each request, because it may have been replaced.
            guard let bytes = try? ReadableFile.read(file, bytesMax: caFileBytesMax),
                let authorities = try? NIOSSLCertificate.fromPEMBytes(bytes), !authorities.isEmpty
            else {
                throw .unreadable(path: file)
            }
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .certificates(authorities)
            outgoing.tlsConfiguration = tls
        }
        return outgoing
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError where error == .deadlineExceeded || error == .connectTimeout:
            "no response within \(limit.humanText)"
        case let error as HTTPClientError where error == .remoteConnectionClosed: ProviderError.connectionClosed
        case let error as HTTPClientError: error.shortDescription
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case is NIOTooManyBytesError: "the response has over \(bytesMax) bytes"
        case is CancellationError: "the request was cancelled"
        // Descriptions of other errors of connections may be long.
        default: String("\(error)".prefix(300))
        }
    }
}
