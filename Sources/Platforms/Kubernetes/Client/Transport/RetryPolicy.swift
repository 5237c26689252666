import F2SModel

/// Decides whether a call is repeated, and after which pause. Each call has its own value.
struct RetryPolicy {
    private let isIdempotent: Bool
    private let attemptsMax: Int
    private var attempts = 0
    private var hasRenewedCredentials = false
    private var failures = 0
    private var jitter: SplitMix64

    private static let backoff = Backoff(base: .milliseconds(50), maximum: .seconds(5))

    /// Creates the policy for one call.
    /// - Parameter seed: The seed of the jitter. Equal seeds give equal pauses.
    init(_ request: KubernetesRequest, attemptsMax: Int, seed: UInt64 = .random(in: 0 ... .max)) {
        isIdempotent = request.isIdempotent
        self.attemptsMax = attemptsMax
        jitter = SplitMix64(seed: seed)
    }

    /// Returns the pause before the next attempt; `nil` if there is no further attempt.
    mutating func pause(after failure: KubernetesError) -> Duration? {
        attempts += 1
        if failure.code == 401 {
            // The token may just have been replaced. The server has not performed the call, so any call may be
            // repeated, once.
            guard !hasRenewedCredentials else { return nil }
            hasRenewedCredentials = true
            return .zero
        }
        guard attempts < attemptsMax, isWorthIt(failure) else { return nil }
        // The server's pause is a minimum. All other clients received the same one, so a random backoff is added.
        failures += 1
        return Self.backoff.pause(after: failures, using: &jitter) + (failure.retryAfter ?? .zero)
    }

    private func isWorthIt(_ failure: KubernetesError) -> Bool {
        switch failure {
        // The server has not performed the call, so a call of any method may be repeated.
        case .status(429, _, _, _): true
        case .status(let code, _, _, _): isIdempotent && [500, 502, 503, 504].contains(code)
        case .unreachable: isIdempotent
        // The time of the whole call is over, or a retry would fail in the same way.
        case .timeout, .malformed, .credentials, .cancelled: false
        }
    }
}
