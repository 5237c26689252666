/// Runs replicas of functions.
///
/// Implementations pass `PlatformConformance` in `Tests/TestSupport`.
public protocol ReplicaRuntime: Sendable {
    /// Who chooses the replicas that end when fewer are wanted, and has them drained.
    var retirement: Retirement { get }

    /// Makes the platform run `count` replicas of the function's current revision besides those of older ones, and
    /// stops exactly those in `retiring`. Idempotent: calling it twice changes nothing. Returns when the wish is
    /// recorded, not when replicas are ready. A start that failed is repeated by the platform with backoff as long as
    /// the wish stands.
    /// - Parameters:
    ///   - count: replicas of the current revision that should exist and are not retiring; 0…`maxReplicas`.
    ///   - retiring: drained replicas to stop, exactly these; always empty with ``Retirement/byPlatform``.
    /// - Throws: whatever the platform says; worth a retry.
    func apply(_ function: Function, count: Int, retiring: [Replica.ID]) async throws

    /// Stops replicas that must not be used again; others take their place as the last wish says. Called with
    /// ``Retirement/byPlatform`` only: elsewhere they are named to `apply`. Idempotent; replicas that are gone are no
    /// failure.
    /// - Throws: whatever the platform says; worth a retry.
    func replace(_ replicas: [Replica.ID], of id: Function.ID) async throws

    /// Stops everything that runs for the function. Idempotent.
    /// - Throws: whatever the platform says; worth a retry.
    func remove(_ id: Function.ID) async throws

    /// Runs `body` with every complete set of replicas: the current one at once, then one per change. Same rules as
    /// ``FunctionStore/withSnapshots(_:)``.
    func withReplicas<Result: Sendable>(
        _ body: @Sendable (Latest<ReplicaSnapshot>.Values) async throws -> Result
    ) async throws -> Result

    /// The replicas of a function that the platform is stopping, asked of its source of truth and not of a watch that
    /// may be late.
    /// - Throws: whatever the platform says; worth a retry.
    func fetchLeaving(_ id: Function.ID) async throws -> [Replica.ID]

    /// Why the platform can start nothing, as far as is known without asking; `nil`: it can.
    var currentOutage: String? { get }

    /// The same, asked of the platform itself, which has little more than a second to answer. Somebody waits for it.
    func fetchOutage() async -> String?

    /// What replicas of a function have written, oldest first, those that are gone included as far as still kept.
    /// - Parameters:
    ///   - tail: at most so many of the newest lines, at least 0.
    ///   - follow: whether to go on with what they write from now on. The stream then ends when its task is cancelled.
    ///     A reader that is too slow loses lines, and a line says how many.
    func logs(of id: Function.ID, tail: Int, follow: Bool) -> AsyncStream<LogLine>
}

extension ReplicaRuntime {
    /// F2S chooses.
    public var retirement: Retirement { .named }
    /// Nothing to do: replicas that must end are named to `apply`.
    public func replace(_ replicas: [Replica.ID], of id: Function.ID) async throws {}
    /// Nothing is stopped unless F2S has named it.
    public func fetchLeaving(_ id: Function.ID) async throws -> [Replica.ID] { [] }
    /// This machine is always there.
    public var currentOutage: String? { nil }
    /// This machine is always there.
    public func fetchOutage() async -> String? { nil }
}

/// Who chooses the replicas that end when fewer are wanted, and has them drained.
public enum Retirement: Sendable, Hashable {
    /// F2S: it drains some, then names them to `apply`, which stops exactly these. A changed revision is rolled out by
    /// F2S as well, one for one.
    case named
    /// The platform: `count` is the whole wish, and nothing is ever named. It rolls a changed revision out by itself,
    /// and before it stops a replica it asks ``PeerDesk/drain(_:within:)``.
    case byPlatform
}

/// One line that a replica has written.
public struct LogLine: Sendable, Hashable, Codable {
    /// Who wrote it.
    public var replica: String
    /// Where: `stdout` or `stderr`; `f2s` for remarks of the platform itself.
    public var source: String
    /// When it was read, seconds since 1970.
    @UTCTime public var time: Double
    /// The line without its end, at most 16 KiB.
    public var text: String

    /// A line.
    public init(replica: Replica.ID, source: String, time: Double, text: String) {
        self.replica = replica.text
        self.source = source
        self.time = time
        self.text = text
    }
}
