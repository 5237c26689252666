import F2SMetrics
import F2SModel
import Synchronization

/// The state that all loops share: atomics and metrics.
final class SharedState: Sendable {
    let changes = Signal()
    /// Functions for which ``changes`` was raised.
    private let changed = Mutex<Set<Function.ID>>([])
    let connections = Atomic<Int>(0)
    let upstreamConnections = Atomic<Int>(0)
    let descriptors: DescriptorBudget
    let closing = ClosingDescriptors()
    /// The number of invocations that have begun and not ended.
    let invocations = Atomic<Int>(0)
    private let phase = Atomic<UInt8>(0)
    let refusedConnections: Counter
    let failedHandshakes: Counter
    /// The time at which the certificate of the listeners expires, in seconds since 1970; 0 if none has TLS.
    let certificateExpiry: Atomic<Int>
    let surplusAnswers: Counter
    private let refused: [Counter]
    /// IP addresses of functions, as text; empty if functions have no addresses of their own.
    private let functionAddresses = Mutex<Set<String>>([])

    init(registry: MetricRegistry, descriptors: DescriptorBudget = .unlimited, tls: ListenerTLS? = nil) {
        self.descriptors = descriptors
        certificateExpiry = Atomic(tls?.expiry ?? 0)
        refused = Stage.allCases.map { stage in
            registry.counter(
                "f2s_requests_refused_total",
                help: "Requests that F2S refused before they reached a function, by stage.",
                labels: [("stage", stage.rawValue)])
        }
        surplusAnswers = registry.counter(
            "f2s_upstream_surplus_total",
            help: "Connections that were closed because a replica sent more than its response.")
        refusedConnections = registry.counter(
            "f2s_connections_refused_total",
            help: "Client connections that were over the limit, or whose header of the PROXY protocol was not valid.")
        failedHandshakes = registry.counter(
            "f2s_tls_handshakes_failed_total",
            help: "Client connections whose TLS handshake failed, or that sent HTTP without TLS to a port with TLS.")
    }

    /// Notifies the control plane of a change of a function.
    func noteChange(of function: Function.ID) {
        changed.withLock { _ = $0.insert(function) }
        changes.raise()
    }

    /// Returns and removes the functions that were noted since the last call.
    func popChanged() -> Set<Function.ID> {
        changed.withLock { changed in
            defer { changed = [] }
            return changed
        }
    }

    /// True if another connection leaves the reserve of descriptors untouched.
    var hasDescriptors: Bool {
        let open = connections.load(ordering: .relaxed) + upstreamConnections.load(ordering: .relaxed)
        return open + closing.count.load(ordering: .relaxed) < descriptors.connectionsMax
    }

    /// True if clients are asked to use another process: each response ends its connection.
    var isLeaving: Bool { phase.load(ordering: .relaxed) >= 1 }

    /// True if F2S accepts no new work.
    var isEnding: Bool { phase.load(ordering: .relaxed) >= 2 }

    func beginLeaving() { _ = phase.max(1, ordering: .relaxed) }

    func beginEnding() { _ = phase.max(2, ordering: .relaxed) }

    func connectionClosed() { connections.wrappingSubtract(1, ordering: .relaxed) }

    func invocationBegan() { invocations.wrappingAdd(1, ordering: .relaxed) }

    func invocationEnded() { invocations.wrappingSubtract(1, ordering: .relaxed) }

    /// Returns true if a function runs at this IP address.
    func isFunction(at ip: String) -> Bool { functionAddresses.withLock { $0.contains(ip) } }

    /// Replaces the IP addresses of functions.
    func setFunctionAddresses(_ addresses: Set<String>) { functionAddresses.withLock { $0 = addresses } }

    /// Counts a request that was rejected before it reached a function.
    func countRejection(_ stage: Stage) {
        for (index, known) in Stage.allCases.enumerated() where known == stage { refused[index].add() }
    }
}

/// The mailboxes of all event loops. A loop reaches another loop only by its mailbox.
struct LoopDirectory: Sendable {
    let mailboxes: [Mailbox<Message>]

    func post(_ message: Message) {
        for mailbox in mailboxes { mailbox.post(message) }
    }

    /// Hands slots over to waiting invocations, each on its own loop.
    func deliver(_ handoffs: [InvocationQueue.SlotHandoff], of handle: FunctionHandle) {
        for handoff in handoffs { mailboxes[handoff.waiter.loop].post(.handOff(handoff, handle)) }
    }

    /// Moves waiting invocations to the queue that grants their function's slots now.
    func move(_ waiters: [InvocationQueue.Waiter], to entry: RouteTable.Entry) {
        for waiter in waiters { mailboxes[waiter.loop].post(.move(waiter, entry)) }
    }

    /// Fails waiting invocations.
    func deliver(_ error: InvocationError, to waiters: [InvocationQueue.Waiter]) {
        for waiter in waiters { mailboxes[waiter.loop].post(.fail(waiter, error)) }
    }
}
