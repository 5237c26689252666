import AsyncHTTPClient
import F2SModel
import Glibc
import NIOCore
import NIOHTTP1
import NIOSSL

/// The transport over the network: HTTP/1.1 with AsyncHTTPClient.
public struct NetworkTransport: ClientTransport {
    private let client: HTTPClient
    private let server: ServerAddress
    private let credentials: ClientCredentials?

    /// Runs `body` with a transport to `server`. The connections are closed when it returns.
    /// - Parameters:
    ///   - credentials: The credentials of requests without an Authorization field; `nil` if there are none.
    ///   - caCertificates: The CA certificates to trust, in PEM form; `nil` for those of the system.
    /// - Throws: ``ClientError/malformedCAFile`` if `caCertificates` contains no certificate.
    public static func open<Result: Sendable>(
        to server: ServerAddress, credentials: ClientCredentials? = nil, caCertificates: [UInt8]? = nil,
        _ body: (NetworkTransport) async throws -> Result
    ) async throws -> Result {
        var configuration = HTTPClient.Configuration()
        // The caller must receive a function's redirect as it is.
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .seconds(5)
        // The user waits at the terminal: if no process listens on the port, an immediate error is better than a retry.
        configuration.connectionPool.retryConnectionEstablishment = false
        if let caCertificates {
            guard let certificates = try? NIOSSLCertificate.fromPEMBytes(caCertificates), !certificates.isEmpty else {
                throw ClientError.malformedCAFile
            }
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .certificates(certificates)
            configuration.tlsConfiguration = tls
        }
        return try await HTTPClient.withHTTPClient(configuration: configuration) { client in
            try await body(NetworkTransport(client: client, server: server, credentials: credentials))
        }
    }

    /// Sends a request. See ``ClientTransport/send(_:)``.
    public func send(_ request: ClientRequest) async throws(ClientError) -> ClientAnswer {
        var outgoing = HTTPClientRequest(url: server.text + request.target)
        outgoing.method = HTTPMethod(rawValue: request.method)
        outgoing.headers = HTTPHeaders(request.fields.map { ($0.name, $0.value) })
        if let credentials, !outgoing.headers.contains(name: "Authorization") {
            outgoing.headers.add(name: "Authorization", value: credentials.fieldValue)
        }
        switch request.content {
        case .none: break
        case .bytes(let bytes): outgoing.body = .bytes(ByteBuffer(bytes: bytes))
        case .stream(let length, let next):
            let chunks = AsyncThrowingStream { try await next().map { ByteBuffer(bytes: $0) } }
            outgoing.body = .stream(chunks, length: length.map { .known($0) } ?? .unknown)
        }
        do {
            let deadline = request.limit.map { NIODeadline.now() + TimeAmount($0) } ?? .distantFuture
            let response = try await client.execute(outgoing, deadline: deadline)
            return ClientAnswer(
                status: Int(response.status.code), reason: response.status.reasonPhrase,
                fields: response.headers.map { ($0.name, $0.value) },
                content: Content(body: response.body))
        } catch {
            throw clientError(error, limit: request.limit)
        }
    }

    /// Returns the error for a failure of TLS. Only a wrong certificate is a lack of trust.
    private func tlsError(_ error: any Error) -> ClientError {
        let text = String("\(error)".prefix(300))
        if text.contains("CERTIFICATE_VERIFY_FAILED") {
            return .untrusted(server: server.text, reason: "no trusted CA has signed its certificate")
        }
        if error is NIOSSLExtraError {
            return .untrusted(server: server.text, reason: "its certificate is for another name")
        }
        let isPlain = text.contains("WRONG_VERSION_NUMBER")
        return .unreachable(
            server: server.text, reason: isPlain ? "it speaks no TLS: use an http:// URL" : "TLS failed: \(text)")
    }

    private func clientError(_ error: any Error, limit: Duration?) -> ClientError {
        switch error {
        case let error as HTTPClientError where error == .deadlineExceeded:
            .noAnswer(server: server.text, after: limit ?? .zero)
        case let error as HTTPClientError where error == .connectTimeout:
            .unreachable(server: server.text, reason: "no connection within 5s")
        case let error as HTTPClientError:
            .unreachable(server: server.text, reason: error.shortDescription)
        case let error as IOError:
            .unreachable(server: server.text, reason: String(cString: strerror(error.errnoCode)))
        case is NIOSSLExtraError, is NIOSSLError, is BoringSSLError:
            tlsError(error)
        default:
            .unreachable(server: server.text, reason: "no connection")
        }
    }
}

/// The content of a response. It converts every error except a cancellation to ``ClientError``.
private struct Content: AsyncSequence, Sendable {
    let body: HTTPClientResponse.Body

    struct Iterator: AsyncIteratorProtocol {
        var base: HTTPClientResponse.Body.AsyncIterator

        @concurrent mutating func next() async throws -> [UInt8]? {
            do {
                return try await base.next().map { Array($0.readableBytesView) }
            } catch let error as HTTPClientError {
                throw ClientError.interrupted(reason: error.shortDescription)
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                throw ClientError.interrupted(reason: "the connection was lost")
            }
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(base: body.makeAsyncIterator()) }
}
