/// One running pod or process of a function.
public struct Replica: Sendable, Hashable, Identifiable {
    /// Stable identity. Kubernetes: the pod's UID. Local: function and sequence number.
    public struct ID: Sendable, Hashable, Comparable, CustomStringConvertible {
        /// An opaque text that is unique for the life of the process.
        public let text: String
        /// Wraps the platform's identifier.
        public init(_ text: String) { self.text = text }
        /// The text itself.
        public var description: String { text }
        /// Compares the texts alphabetically.
        public static func < (left: ID, right: ID) -> Bool { left.text < right.text }
    }

    /// The state of a replica in its life.
    public enum State: String, Sendable, Hashable, Codable, CaseIterable {
        /// It exists. It accepts invocations only once the dispatcher has connected to it.
        case starting
        /// The platform reports that it accepts invocations.
        case ready
        /// It finishes its invocations in flight and accepts no new ones.
        case draining
        /// It has ended.
        case gone
    }

    /// Stable identity.
    public let id: ID
    /// The function that it belongs to.
    public let function: Function.ID
    /// The revision that it was started from.
    public let revision: Revision
    /// The state that it is in.
    public var state: State
    /// The address that it listens on; `nil` until it is known. From then on the dispatcher may connect to it.
    public var address: Address?
    /// True if the dispatcher must wait for ``State/ready`` even if it could connect (`target.readinessProbe`).
    public var awaitsReadiness: Bool
    /// True if it accepted invocations before and is being restarted.
    public var isDown: Bool
    /// The process or pod, for people.
    public var processID: Int?
    /// The time of its creation, in seconds since 1970.
    public let since: Double

    /// Creates a replica.
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
        /// The IPv4 or IPv6 address as text. It is never a name, so connecting needs no resolver.
        public let ip: String
        /// The TCP port, 1…65535.
        public let port: Int
        /// Creates an address.
        public init(ip: String, port: Int) {
            self.ip = ip
            self.port = port
        }
        /// `ip:port`, with brackets around IPv6.
        public var description: String { ip.contains(":") ? "[\(ip)]:\(port)" : "\(ip):\(port)" }
    }
}
