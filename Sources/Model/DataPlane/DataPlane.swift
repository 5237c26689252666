/// The control plane's interface to the data plane. The control plane passes complete states down, and reads counters
/// and one coalesced signal.
public protocol DataPlane: Sendable {
    /// Replaces the functions that can be routed. The dispatcher itself leaves out functions that lost a route
    /// conflict.
    func apply(_ functions: FunctionSnapshot)

    /// Replaces the replicas, and the reasons why functions have none. The dispatcher connects to a replica in state
    /// `starting` with an address, and uses it as soon as it accepts, unless it awaits readiness.
    func apply(_ replicas: ReplicaSnapshot)

    /// Replaces the set of functions whose invocations other processes admit. Before the first call, this process
    /// admits all.
    func apply(_ ownership: Ownership)

    /// Requests a replica of a function that has none that accepts invocations, as a waiting invocation does. The
    /// request holds for ``StartRequests/lifetime``, or until a replica accepts invocations. A client that waits longer
    /// must repeat it.
    func requestStart(of function: Function.ID)

    /// Returns the current load of each function that has replicas or was invoked within the last seconds. Other
    /// functions are left out. It is cheap: it acquires one lock per function in the report.
    func currentLoad() -> LoadReport

    /// Returns the current load of some functions only. Other functions cost nothing.
    func currentLoad(of functions: Set<Function.ID>) -> LoadReport

    /// A signal that is raised when a function without replicas is invoked or its start is requested, when a replica
    /// has accepted its first connection, and when a draining replica has nothing left in flight.
    var changes: Signal { get }

    /// Removes and returns the functions for which ``changes`` was raised since the last call. Only one reader may call
    /// this.
    func popChangedFunctions() -> Set<Function.ID>
}

/// The load of the data plane at one moment.
public struct LoadReport: Sendable, Hashable, Codable {
    /// The load of one function.
    public struct FunctionLoad: Sendable, Hashable, Codable {
        /// The number of invocations that hold a slot.
        public var inFlight: Int
        /// The number of invocations that wait for a slot.
        public var queued: Int
        /// True if an invocation waits or a start was requested, and no replica accepts invocations.
        public var wantsActivation: Bool
        /// The number of invocations admitted since the process began.
        public var admitted: UInt64
        /// The integral of (in flight + queued) over time since the process began, in seconds. The difference of two
        /// reports divided by the time between them is the exact average concurrency.
        public var concurrencySeconds: Double

        /// Creates a load.
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

    /// The load of one replica.
    public struct ReplicaLoad: Sendable, Hashable, Codable {
        /// The number of invocations in flight on it.
        public var inFlight: Int
        /// True if it has accepted a connection and accepts invocations.
        public var isAccepting: Bool
        /// True if it has not finished an abandoned invocation in time (``Timeouts/abandoned``). It is never used again
        /// and must be replaced. Such invocations are not included in ``inFlight``.
        public var isUnresponsive: Bool
        /// True if the dispatcher found that it serves fewer connections at once than were opened to it. Then no
        /// connection to it is kept idle while another one waits to be served.
        public var hasFewThreads: Bool

        /// Creates a load.
        public init(
            inFlight: Int = 0, isAccepting: Bool = false, isUnresponsive: Bool = false, hasFewThreads: Bool = false
        ) {
            self.inFlight = inFlight
            self.isAccepting = isAccepting
            self.isUnresponsive = isUnresponsive
            self.hasFewThreads = hasFewThreads
        }

        /// Decodes a load. A report of an older F2S process lacks the newest keys.
        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            inFlight = try container.decode(Int.self, forKey: .inFlight)
            isAccepting = try container.decode(Bool.self, forKey: .isAccepting)
            isUnresponsive = try container.decodeIfPresent(Bool.self, forKey: .isUnresponsive) ?? false
            hasFewThreads = try container.decodeIfPresent(Bool.self, forKey: .hasFewThreads) ?? false
        }

        /// Adds the load of another queue or process on the same replica.
        public mutating func add(_ other: ReplicaLoad) {
            inFlight += other.inFlight
            isAccepting = isAccepting || other.isAccepting
            isUnresponsive = isUnresponsive || other.isUnresponsive
            hasFewThreads = hasFewThreads || other.hasFewThreads
        }
    }

    /// The load by function. A function that is missing has nothing in flight or queued, and its counters have not
    /// changed.
    public var functions: [Function.ID: FunctionLoad]
    /// The load by replica. A replica that is missing has nothing in flight.
    public var replicas: [Replica.ID: ReplicaLoad]

    /// Creates a report.
    public init(functions: [Function.ID: FunctionLoad] = [:], replicas: [Replica.ID: ReplicaLoad] = [:]) {
        self.functions = functions
        self.replicas = replicas
    }
}

extension Function.ID: Codable {
    /// Decodes the bare text.
    public init(from decoder: any Decoder) throws { self.init(try decoder.singleValueContainer().decode(String.self)) }
    /// Encodes the bare text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

extension Replica.ID: Codable {
    /// Decodes the bare text.
    public init(from decoder: any Decoder) throws { self.init(try decoder.singleValueContainer().decode(String.self)) }
    /// Encodes the bare text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
