import F2SModel

/// What a mirror does next: list, or watch from where it is, and after which pause.
struct ReflectorState: Sendable {
    /// One thing to do.
    enum Step: Sendable, Hashable {
        /// Fetch everything.
        case list
        /// Follow the changes after this version.
        case watch(from: String)
    }

    /// What has come of it.
    enum Outcome: Sendable, Hashable {
        /// A complete list of this version.
        case listed(String)
        /// The watch has ended as watches do; this is the newest version that it told of.
        case watched(String)
        /// Something went wrong; this is the newest version known, if any.
        case failed(KubernetesError, at: String?)
    }

    /// A watch that ends sooner than this has not worked, however politely it has ended.
    static let shortest = Duration.seconds(1)
    /// Lines in a row that cannot be understood before the mirror lists again instead of asking for the same ones.
    static let malformedMax = 3

    /// What to do now.
    private(set) var next: Step = .list
    /// How long to wait before it.
    private(set) var pause: Duration = .zero
    private var malformed = 0
    private var backoff: Backoff

    init(seed: UInt64) { backoff = Backoff(first: .milliseconds(100), max: .seconds(5), seed: seed) }

    /// Decides what comes after a step.
    mutating func ended(_ step: Step, _ outcome: Outcome, lasted: Duration) {
        switch outcome {
        case .listed(let version):
            next = .watch(from: version)
            // Nothing is known yet of whether the watch will work, so that the pauses go on growing until one has.
            pause = .zero
        case .watched(let version):
            next = .watch(from: version)
            malformed = 0
            rest(lasted)
        case .failed(let error, let version):
            if case .malformed = error { malformed += 1 } else { malformed = 0 }
            // A version is worth going on from as long as the server knows it and the lines after it make sense.
            if let version, !error.isGone, malformed < Self.malformedMax, !isRefused(error) {
                next = .watch(from: version)
            } else {
                next = .list
                malformed = 0
            }
            if case .list = step { wait(error) } else if error.isGone { rest(lasted) } else { rest(lasted, error) }
        }
    }

    /// A refusal that a list may say more about: the kind is gone, or may not be read any more.
    private func isRefused(_ error: KubernetesError) -> Bool {
        guard let code = error.code else { return false }
        return (400..<500).contains(code) && code != 429 && code != 401
    }

    private mutating func rest(_ lasted: Duration, _ error: KubernetesError? = nil) {
        if lasted >= Self.shortest {
            backoff.reset()
            // The first attempt after a long watch is made at once but for the jitter: every F2S pod may have lost the
            // same server at the same time.
            pause = error == nil ? .zero : backoff.next() + (error?.retryAfter ?? .zero)
        } else {
            pause = backoff.next() + (error?.retryAfter ?? .zero)
        }
    }

    private mutating func wait(_ error: KubernetesError) { pause = backoff.next() + (error.retryAfter ?? .zero) }
}
