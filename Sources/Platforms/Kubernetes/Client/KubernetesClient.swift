import AsyncHTTPClient
import FoundationEssentials
import Logging
import NIOCore
import NIOHTTP1

/// A client for one API server, with typed responses, typed errors and a rate limit.
///
/// If the server is overloaded or cannot be reached, the client repeats calls that may be repeated, within their
/// time-out.
final class KubernetesClient: Sendable {
    let options: ClientOptions
    let logger: Logger
    let timing: Timing
    let transport: APITransport
    private let limiter: RateLimiter

    /// Creates a client. It sends no request before the first call.
    init(_ access: ClusterAccess, options: ClientOptions = .init(), timing: Timing = .system, logger: Logger) {
        self.options = options
        self.timing = timing
        self.logger = logger
        transport = APITransport(access, options: options, timing: timing)
        limiter = RateLimiter(TokenGate(options), timing: timing)
    }

    /// Closes all connections. Calls in flight fail.
    func shutdown() async { await transport.shutdown() }

    /// Sends a request, passes the body of a successful response to `read`, and returns the result.
    /// - Parameter timeout: the time for the whole call, retries included; `nil`: ``ClientOptions/requestTimeout``.
    func call<Result: Sendable>(
        _ request: KubernetesRequest, priority: Priority, timeout: Duration? = nil,
        read: @Sendable @escaping (Data) throws(KubernetesError) -> Result
    ) async throws(KubernetesError) -> Result {
        let limit = timeout ?? options.requestTimeout
        let deadline = timing.now() + limit
        var retries = RetryPolicy(request, attemptsMax: options.attemptsMax)
        while true {
            try await limiter.pass(priority)
            let failure: KubernetesError
            do throws(KubernetesError) {
                return try await transport.answer(to: request, within: deadline - timing.now(), read: read)
            } catch {
                failure = error
            }
            guard let pause = retries.pause(after: failure), timing.now() + pause < deadline else { throw failure }
            if failure.code == 401 { transport.credentials.forget() }
            try await rest(pause)
        }
    }

    /// Opens a stream of bytes. Returns once the head of a successful response has arrived.
    func open(
        _ request: KubernetesRequest, priority: Priority, isWatch: Bool
    ) async throws(KubernetesError) -> HTTPClientResponse.Body {
        let deadline = timing.now() + options.requestTimeout
        var retries = RetryPolicy(request, attemptsMax: options.attemptsMax)
        while true {
            try await limiter.pass(priority)
            let failure: KubernetesError
            do throws(KubernetesError) {
                return try await transport.stream(of: request, within: deadline - timing.now(), isWatch: isWatch)
            } catch {
                failure = error
            }
            // The caller restarts a failed watch, because it decides from which version and when. Only an expired token
            // is handled here.
            guard !isWatch || failure.code == 401, let pause = retries.pause(after: failure),
                timing.now() + pause < deadline
            else { throw failure }
            if failure.code == 401 { transport.credentials.forget() }
            try await rest(pause)
        }
    }

    private func rest(_ pause: Duration) async throws(KubernetesError) {
        guard pause > .zero else { return }
        do {
            try await timing.pause(pause)
        } catch {
            throw .cancelled
        }
    }
}
