/// Runs replicas of functions.
///
/// Implementations must pass `PlatformConformance` in `Tests/TestSupport`.
public protocol ReplicaRuntime: Sendable {
    /// The component that chooses and drains replicas when fewer are wanted.
    var retirement: Retirement { get }

    /// Makes the platform run `count` replicas of the function's current revision in addition to those of older
    /// revisions, and stops exactly the replicas in `retiring`. If the cluster owns the number, the platform starts the
    /// first replica and leaves the rest to the owner. A platform without such an owner then runs one replica.
    ///
    /// It is idempotent: calling it twice changes nothing. It returns when the desired state is recorded, not when
    /// replicas are ready. The platform retries a failed start with backoff as long as the desired state is the same.
    /// - Parameters:
    ///   - count: the number of replicas of the current revision that should exist and are not retiring, or its owner.
    ///   - retiring: drained replicas to stop, exactly these; always empty with ``Retirement/byPlatform``.
    /// - Throws: any error of the platform; worth a retry.
    func apply(_ function: Function, _ count: ReplicaCount, retiring: [Replica.ID]) async throws

    /// Stops replicas that must not be used again; the platform starts others up to the last desired count. It is
    /// called with ``Retirement/byPlatform`` only; otherwise such replicas are passed to `apply`. It is idempotent, and
    /// replicas that are gone are not an error.
    /// - Throws: any error of the platform; worth a retry.
    func replace(_ replicas: [Replica.ID], of id: Function.ID) async throws

    /// Stops all replicas of the function. It is idempotent.
    /// - Throws: any error of the platform; worth a retry.
    func remove(_ id: Function.ID) async throws

    /// Runs `body` with a stream of complete sets of replicas: the current set at once, then one after each change. The
    /// rules of ``FunctionStore/withSnapshots(_:)`` apply.
    func withReplicas<Result: Sendable>(
        _ body: @Sendable (Latest<ReplicaSnapshot>.Values) async throws -> Result
    ) async throws -> Result

    /// Returns the replicas of a function that the platform is stopping. It reads them from the platform's source of
    /// truth, not from a watch that may be late.
    /// - Throws: any error of the platform; worth a retry.
    func fetchLeaving(_ id: Function.ID) async throws -> [Replica.ID]

    /// The reason why the platform can start no replica, as far as this process knows without a request; `nil` if it
    /// can.
    var currentOutage: String? { get }

    /// Asks the platform for the reason why it can start no replica. The platform has little more than a second to
    /// respond, because a client waits for the result.
    func fetchOutage() async -> String?

    /// Returns the log lines of a function's replicas, oldest first. Lines of replicas that are gone are included as
    /// long as the platform keeps them.
    /// - Parameters:
    ///   - tail: the maximum number of lines that were written before the call, at least 0. The newest are returned.
    ///   - follow: true to continue with new lines. The stream then ends when its task is cancelled. A reader that is
    ///     too slow loses lines; the stream then contains one line with the number lost.
    func logs(of id: Function.ID, tail: Int, follow: Bool) -> AsyncStream<LogLine>
}

extension ReplicaRuntime {
    /// By default F2S chooses the replicas.
    public var retirement: Retirement { .named }
    /// Does nothing: replicas that must end are passed to `apply`.
    public func replace(_ replicas: [Replica.ID], of id: Function.ID) async throws {}
    /// Returns no replicas: the platform stops only those that F2S names.
    public func fetchLeaving(_ id: Function.ID) async throws -> [Replica.ID] { [] }
    /// `nil`: this machine is always available.
    public var currentOutage: String? { nil }
    /// Returns `nil`: this machine is always available.
    public func fetchOutage() async -> String? { nil }
}

/// The component that chooses and drains replicas when fewer are wanted.
public enum Retirement: Sendable, Hashable {
    /// F2S. It drains replicas, then passes them to `apply`, which stops exactly these. F2S also rolls out a changed
    /// revision, one replica at a time.
    case named
    /// The platform. The count is the whole desired state, and F2S never names replicas. The platform rolls out a
    /// changed revision by itself, and calls the hook ``InternalPath/drain(_:)`` before it stops a replica.
    case byPlatform
}

/// One line that a replica wrote.
public struct LogLine: Sendable, Hashable, Codable {
    /// The replica that wrote it.
    public var replica: String
    /// The source: `stdout` or `stderr`, or `f2s` for remarks of the platform itself.
    public var source: String
    /// The time at which it was read, in seconds since 1970.
    @UTCTime public var time: Double
    /// The line without its line end, at most 16 KiB.
    public var text: String

    /// Creates a line.
    public init(replica: Replica.ID, source: String, time: Double, text: String) {
        self.replica = replica.text
        self.source = source
        self.time = time
        self.text = text
    }
}
