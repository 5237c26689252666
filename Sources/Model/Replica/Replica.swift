/// One running pod or process of a function.
public struct Replica: Sendable, Hashable, Identifiable {
    /// Stable identity. Kubernetes: the pod's UID. Local: function and sequence number.
    public struct ID: Sendable, Hashable, Comparable, CustomStringConvertible {
        /// Opaque text, unique for the life of the process.
        public let text: String
        /// Wraps the platform's identifier.
        public init(_ text: String) { self.text = text }
        /// The text itself.
        public var description: String { text }
        /// Alphabetical.
        public static func < (left: ID, right: ID) -> Bool { left.text < right.text }
    }

    /// How far a replica is.
    public enum State: String, Sendable, Hashable, Codable, CaseIterable {
        /// Exists; takes invocations only once the dispatcher has connected to it.
        case starting
        /// The platform says that it takes invocations.
        case ready
        /// Finishes what it has and takes nothing new.
        case draining
        /// Ended.
        case gone
    }

    /// Stable identity.
    public let id: ID
    /// Whose replica it is.
    public let function: Function.ID
    /// What it was started from.
    public let revision: Revision
    /// How far it is.
    public var state: State
    /// Where it listens. Absent until it is known: from then on the dispatcher may dial it.
    public var address: Address?
    /// Whether the dispatcher must wait for ``State/ready`` although it could connect (`target.readinessProbe`).
    public var awaitsReadiness: Bool
    /// Whether it took invocations before and is being started again.
    public var isDown: Bool
    /// Process or pod, for people.
    public var processID: Int?
    /// When it was created, seconds since 1970.
    public let since: Double

    /// A replica.
    public init(
        id: ID, function: Function.ID, revision: Revision, state: State, address: Address? = nil,
        awaitsReadiness: Bool = false, isDown: Bool = false, processID: Int? = nil, since: Double
    ) {
        self.id = id
        self.function = function
        self.revision = revision
        self.state = state
        self.address = address
        self.awaitsReadiness = awaitsReadiness
        self.isDown = isDown
        self.processID = processID
        self.since = since
    }

    /// An IP address and a port.
    public struct Address: Sendable, Hashable, Codable, CustomStringConvertible {
        /// IPv4 or IPv6 in text form; never a name, so that connecting never asks a resolver.
        public let ip: String
        /// TCP port, 1…65535.
        public let port: Int
        /// An address.
        public init(ip: String, port: Int) {
            self.ip = ip
            self.port = port
        }
        /// `ip:port`, with brackets around IPv6.
        public var description: String { ip.contains(":") ? "[\(ip)]:\(port)" : "\(ip):\(port)" }
    }
}
