import F2SModel

/// Decides if a provider may be asked about a token now. It does no I/O.
///
/// A provider that fails is asked again after a pause only, so that tokens which were accepted before do not wait for
/// it.
struct IntrospectionState {
    /// The answer to ``begin(isTrusted:now:)``.
    enum Decision: Hashable {
        case allowed
        /// Too many requests are under way.
        case busy
        /// The provider failed lately.
        case outage
    }

    /// The largest number of requests at once for tokens that a caller may have invented.
    static let inventedMax = 16
    /// The largest number of requests at once for tokens with a right signature, and for those accepted before.
    static let trustedMax = 64
    /// The time after a failure in which no request is sent.
    static let pause = Duration.seconds(10)

    private var trusted = 0
    private var invented = 0
    private var resumesAt = Duration.zero
    private var failure: ProviderError?

    /// Counts a request that is about to be sent, if it is allowed.
    mutating func begin(isTrusted: Bool, now: Duration) -> Decision {
        guard now >= resumesAt else { return .outage }
        if isTrusted {
            guard trusted < Self.trustedMax else { return .busy }
            trusted += 1
        } else {
            guard invented < Self.inventedMax else { return .busy }
            invented += 1
        }
        return .allowed
    }

    /// Records a response.
    /// - Returns: True if the last request had failed.
    mutating func succeed(isTrusted: Bool) -> Bool {
        end(isTrusted)
        defer { failure = nil }
        return failure != nil
    }

    /// Records a failure.
    /// - Returns: True if it differs from the last one, so that it is worth a log line.
    mutating func fail(_ error: ProviderError, isTrusted: Bool, now: Duration) -> Bool {
        end(isTrusted)
        // A provider that rejects one request, for example because of its token, may accept others.
        if error.isOutage { resumesAt = now + Self.pause }
        defer { failure = error }
        return failure != error
    }

    private mutating func end(_ isTrusted: Bool) {
        if isTrusted { trusted -= 1 } else { invented -= 1 }
    }
}
