/// What the control plane knows of the data plane: complete states go down, counters and one coalesced signal come up.
public protocol DataPlane: Sendable {
    /// Replaces what can be routed. Functions that lost a route conflict are left out by the dispatcher itself.
    func apply(_ functions: FunctionSnapshot)

    /// Replaces where invocations can go, and why functions have no replica. A replica in state `starting` with an
    /// address is dialled and used as soon as it accepts, unless it awaits readiness.
    func apply(_ replicas: ReplicaSnapshot)

    /// Replaces which functions other processes admit invocations of. Before the first one everything is ours.
    func apply(_ ownership: Ownership)

    /// Asks for a replica of a function of which none takes invocations, as an invocation that waits for one does. The
    /// wish holds for ``StartRequests/lifetime``, or until a replica takes invocations: who waits repeats it.
    func requestStart(of function: Function.ID)

    /// The current load of every function that has replicas or was invoked within the last seconds; the others are left
    /// out. Cheap: one lock for each function in it.
    func currentLoad() -> LoadReport

    /// The same of some functions only. It costs nothing for the others.
    func currentLoad(of functions: Set<Function.ID>) -> LoadReport

    /// Raised when a cold function is wanted, when a replica has accepted its first connection, and when a draining
    /// replica has nothing left in flight.
    var changes: Signal { get }

    /// Takes out the functions that ``changes`` was raised for since the last call: for one reader.
    func takeChangedFunctions() -> Set<Function.ID>
}

/// What the data plane has in hand at one moment.
public struct LoadReport: Sendable, Hashable, Codable {
    /// One function's share.
    public struct FunctionLoad: Sendable, Hashable, Codable {
        /// Invocations that hold a slot.
        public var inFlight: Int
        /// Invocations that wait for one.
        public var queued: Int
        /// Whether an invocation waits, or a start was asked for, and no replica takes invocations.
        public var wantsActivation: Bool
        /// Invocations admitted since the process began.
        public var admitted: UInt64
        /// Integral of (in flight + queued) over time since the process began, in seconds: the difference of two
        /// reports divided by the time between them is the exact average concurrency.
        public var concurrencySeconds: Double

        /// A load.
        public init(
            inFlight: Int = 0, queued: Int = 0, wantsActivation: Bool = false, admitted: UInt64 = 0,
            concurrencySeconds: Double = 0
        ) {
            self.inFlight = inFlight
            self.queued = queued
            self.wantsActivation = wantsActivation
            self.admitted = admitted
            self.concurrencySeconds = concurrencySeconds
        }
    }

    /// One replica's share.
    public struct ReplicaLoad: Sendable, Hashable, Codable {
        /// Invocations on it.
        public var inFlight: Int
        /// Whether it has accepted a connection and takes invocations.
        public var isAccepting: Bool
        /// Whether it has not finished an abandoned invocation in time (``Timeouts/abandoned``): it is never used again
        /// and must be replaced. Those invocations are not part of ``inFlight``.
        public var isUnresponsive: Bool
        /// Whether it was found to serve fewer connections at once than it was given: no connection to it is kept idle
        /// while another one waits to be served.
        public var hasFewThreads: Bool

        /// A load.
        public init(
            inFlight: Int = 0, isAccepting: Bool = false, isUnresponsive: Bool = false, hasFewThreads: Bool = false
        ) {
            self.inFlight = inFlight
            self.isAccepting = isAccepting
            self.isUnresponsive = isUnresponsive
            self.hasFewThreads = hasFewThreads
        }

        /// Reads a report; one of an older F2S process lacks the newest keys.
        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            inFlight = try container.decode(Int.self, forKey: .inFlight)
            isAccepting = try container.decode(Bool.self, forKey: .isAccepting)
            isUnresponsive = try container.decodeIfPresent(Bool.self, forKey: .isUnresponsive) ?? false
            hasFewThreads = try container.decodeIfPresent(Bool.self, forKey: .hasFewThreads) ?? false
        }

        /// Adds what another queue or process has on the same replica.
        public mutating func add(_ other: ReplicaLoad) {
            inFlight += other.inFlight
            isAccepting = isAccepting || other.isAccepting
            isUnresponsive = isUnresponsive || other.isUnresponsive
            hasFewThreads = hasFewThreads || other.hasFewThreads
        }
    }

    /// By function. One that is missing has nothing in flight and waiting, and its counters are what they were.
    public var functions: [Function.ID: FunctionLoad]
    /// By replica; one that is missing has nothing in flight.
    public var replicas: [Replica.ID: ReplicaLoad]

    /// A report.
    public init(functions: [Function.ID: FunctionLoad] = [:], replicas: [Replica.ID: ReplicaLoad] = [:]) {
        self.functions = functions
        self.replicas = replicas
    }
}

extension Function.ID: Codable {
    /// Reads the bare text.
    public init(from decoder: any Decoder) throws { self.init(try decoder.singleValueContainer().decode(String.self)) }
    /// Writes the bare text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

extension Replica.ID: Codable {
    /// Reads the bare text.
    public init(from decoder: any Decoder) throws { self.init(try decoder.singleValueContainer().decode(String.self)) }
    /// Writes the bare text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
