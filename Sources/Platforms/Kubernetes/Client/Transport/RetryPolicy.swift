/// Whether a call is made again, and after what pause: one value per call.
struct RetryPolicy {
    private let isIdempotent: Bool
    private let attemptsMax: Int
    private var attempts = 0
    private var hasRenewedCredentials = false
    private var backoff: Backoff

    /// A policy for one call.
    init(_ request: APIRequest, attemptsMax: Int, seed: UInt64 = .random(in: 0 ... .max)) {
        isIdempotent = request.isIdempotent
        self.attemptsMax = attemptsMax
        backoff = Backoff(first: .milliseconds(50), max: .seconds(5), seed: seed)
    }

    /// The pause before the next attempt; `nil`: there is none.
    mutating func pause(after failure: KubernetesError) -> Duration? {
        attempts += 1
        if failure.code == 401 {
            // A token may just have been replaced. Nothing was done, so that any call may be repeated, once.
            guard !hasRenewedCredentials else { return nil }
            hasRenewedCredentials = true
            return .zero
        }
        guard attempts < attemptsMax, isWorthIt(failure) else { return nil }
        // What the server asks for is a minimum: all others have been told the same.
        return backoff.next() + (failure.retryAfter ?? .zero)
    }

    private func isWorthIt(_ failure: KubernetesError) -> Bool {
        switch failure {
        // Refused before anything was done: whatever the method, it may be repeated.
        case .status(429, _, _, _): true
        case .status(let code, _, _, _): isIdempotent && [500, 502, 503, 504].contains(code)
        case .unreachable: isIdempotent
        // The call's whole time is over.
        case .timeout, .malformed, .credentials, .cancelled: false
        }
    }
}
