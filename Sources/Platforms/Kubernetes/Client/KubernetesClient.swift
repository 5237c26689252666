import AsyncHTTPClient
import FoundationEssentials
import Logging
import NIOCore
import NIOHTTP1

/// Talks to one API server: typed answers, honest errors, and never faster than its bounds.
///
/// Calls that may be repeated are, within their time-out, when the server is overloaded or out of reach.
final class KubernetesClient: Sendable {
    let options: ClientOptions
    let logger: Logger
    let timing: Timing
    let transport: APITransport
    private let limiter: RateLimiter

    /// A client. Nothing is sent before the first call.
    init(_ access: ClusterAccess, options: ClientOptions = .init(), timing: Timing = .system, logger: Logger) {
        self.options = options
        self.timing = timing
        self.logger = logger
        transport = APITransport(access, options: options, timing: timing)
        limiter = RateLimiter(TokenGate(options), timing: timing)
    }

    /// Closes every connection. Calls under way fail.
    func shutdown() async { await transport.shutdown() }

    /// Makes a call and hands its answer to `read`.
    /// - Parameter timeout: for everything, retries included; `nil`: that of the options.
    func call<Result: Sendable>(
        _ request: APIRequest, priority: Priority, timeout: Duration? = nil,
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

    /// Opens a stream of bytes: the answer's head is there, and it is a good one.
    func open(
        _ request: APIRequest, priority: Priority, isWatch: Bool
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
            // A watch is begun anew by who watches, and knows best from where and when; only a token that has just
            // expired is its business.
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
