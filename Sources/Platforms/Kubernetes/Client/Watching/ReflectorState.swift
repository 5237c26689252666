import F2SModel

/// Decides the next step of a ``Reflector``: a list or a watch from the known version, and the pause before it.
struct ReflectorState: Sendable {
    /// A step of a reflector.
    enum Step: Sendable, Hashable {
        /// Lists all objects.
        case list
        /// Watches the changes after this version.
        case watch(from: String)
    }

    /// The outcome of a step.
    enum Outcome: Sendable, Hashable {
        /// A complete list of this version arrived.
        case listed(String)
        /// The watch ended regularly; this is the newest version that it reported.
        case watched(String)
        /// A list was requested.
        case interrupted
        /// The step failed; this is the newest known version, if any.
        case failed(KubernetesError, at: String?)
    }

    /// The shortest duration of a successful watch. A shorter watch counts as failed, even if it ended regularly.
    static let shortest = Duration.seconds(1)
    /// The number of malformed lines in a row after which the reflector lists again instead of requesting the same
    /// lines.
    static let malformedMax = 3

    /// The next step.
    private(set) var next: Step = .list
    /// The pause before the next step.
    private(set) var pause: Duration = .zero
    private var malformed = 0
    private var failures = 0
    private var jitter: SplitMix64

    private static let backoff = Backoff(base: .milliseconds(100), maximum: .seconds(5))

    /// Creates the state before the first list.
    /// - Parameter seed: The seed of the jitter. Equal seeds give equal pauses.
    init(seed: UInt64) { jitter = SplitMix64(seed: seed) }

    /// Decides the next step after a step has ended.
    mutating func ended(_ step: Step, _ outcome: Outcome, lasted: Duration) {
        switch outcome {
        case .listed(let version):
            next = .watch(from: version)
            // The watch may still fail, so the failures are not forgotten: the pauses grow until a watch has succeeded.
            pause = .zero
        case .watched(let version):
            next = .watch(from: version)
            malformed = 0
            rest(lasted)
        case .interrupted:
            next = .list
            pause = .zero
        case .failed(let error, let version):
            if case .malformed = error { malformed += 1 } else { malformed = 0 }
            // A watch can continue from a version as long as the server knows it and the lines after it can be decoded.
            if let version, !error.isGone, malformed < Self.malformedMax, !isRefused(error) {
                next = .watch(from: version)
            } else {
                next = .list
                malformed = 0
            }
            if case .list = step { wait(error) } else if error.isGone { rest(lasted) } else { rest(lasted, error) }
        }
    }

    /// Returns true if the server rejected the watch and a list may show the reason: the resource type is gone, or F2S
    /// may no longer read it.
    private func isRefused(_ error: KubernetesError) -> Bool {
        guard let code = error.code else { return false }
        return (400..<500).contains(code) && code != 429 && code != 401
    }

    private mutating func rest(_ lasted: Duration, _ error: KubernetesError? = nil) {
        if lasted >= Self.shortest {
            failures = 0
            // The first attempt after a long watch waits only for the first backoff, whose jitter is needed because
            // every F2S pod may have lost the same server at the same time.
            if let error { wait(error) } else { pause = .zero }
        } else {
            wait(error)
        }
    }

    private mutating func wait(_ error: KubernetesError?) {
        failures += 1
        pause = Self.backoff.pause(after: failures, using: &jitter) + (error?.retryAfter ?? .zero)
    }
}
