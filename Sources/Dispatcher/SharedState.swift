import F2SMetrics
import F2SModel
import Synchronization

/// What all loops share: atomics, instruments, and the way to each other.
final class SharedState: Sendable {
    let changes = Signal()
    /// Functions that ``changes`` was raised for.
    private let changed = Mutex<Set<Function.ID>>([])
    let connections = Atomic<Int>(0)
    let upstreamConnections = Atomic<Int>(0)
    let descriptors: DescriptorBudget
    /// Invocations that have begun and not ended.
    let invocations = Atomic<Int>(0)
    private let phase = Atomic<UInt8>(0)
    let refusedConnections: Counter
    let surplusAnswers: Counter
    private let refused: [Counter]
    /// IP addresses of functions, as text; empty where they have none of their own.
    private let functionAddresses = Mutex<Set<String>>([])

    init(registry: MetricRegistry, descriptors: DescriptorBudget = .unlimited) {
        self.descriptors = descriptors
        refused = Stage.allCases.map { stage in
            registry.counter(
                "f2s_requests_refused_total",
                help: "Requests that F2S refused before they reached a function, by stage.",
                labels: [("stage", stage.rawValue)])
        }
        surplusAnswers = registry.counter(
            "f2s_upstream_surplus_total",
            help: "Connections that were closed because a replica sent more than its answer.")
        refusedConnections = registry.counter(
            "f2s_connections_refused_total", help: "Client connections that were over the limit.")
    }

    /// Tells the control plane to look at a function.
    func noteChange(of function: Function.ID) {
        changed.withLock { _ = $0.insert(function) }
        changes.raise()
    }

    /// Takes out the functions that were noted since the last time.
    func takeChanged() -> Set<Function.ID> {
        changed.withLock { changed in
            defer { changed = [] }
            return changed
        }
    }

    /// Whether another connection leaves the reserve of descriptors alone.
    var hasDescriptors: Bool {
        connections.load(ordering: .relaxed) + upstreamConnections.load(ordering: .relaxed) < descriptors.connectionsMax
    }

    /// Whether callers are asked to go elsewhere, by the end of each response.
    var isLeaving: Bool { phase.load(ordering: .relaxed) >= 1 }

    /// Whether F2S takes no new work.
    var isEnding: Bool { phase.load(ordering: .relaxed) >= 2 }

    func beginLeaving() { _ = phase.max(1, ordering: .relaxed) }

    func beginEnding() { _ = phase.max(2, ordering: .relaxed) }

    func invocationBegan() { invocations.add(1, ordering: .relaxed) }

    func invocationEnded() { invocations.subtract(1, ordering: .relaxed) }

    /// Whether a function runs at this IP address.
    func isFunction(at ip: String) -> Bool { functionAddresses.withLock { $0.contains(ip) } }

    /// Replaces the IP addresses of functions.
    func setFunctionAddresses(_ addresses: Set<String>) { functionAddresses.withLock { $0 = addresses } }

    /// Counts a request that never got as far as a function.
    func refuse(_ stage: Stage) {
        for (index, known) in Stage.allCases.enumerated() where known == stage { refused[index].add() }
    }
}

/// The way to every loop. Other loops are reached by their mailboxes only.
struct LoopDirectory: Sendable {
    let mailboxes: [Mailbox<Message>]

    func post(_ message: Message) {
        for mailbox in mailboxes { mailbox.post(message) }
    }

    /// Hands slots to those who waited for them, each on its own loop.
    func deliver(_ wakes: [InvocationQueue.Wake], of cell: FunctionCell) {
        for wake in wakes { mailboxes[wake.waiter.loop].post(.wake(wake, cell)) }
    }

    /// Sends waiters to where their function's slots are granted now.
    func move(_ waiters: [InvocationQueue.Waiter], to entry: RouteTable.Entry) {
        for waiter in waiters { mailboxes[waiter.loop].post(.move(waiter, entry)) }
    }

    /// Tells waiters that there is nothing to wait for.
    func deliver(_ error: InvocationError, to waiters: [InvocationQueue.Waiter]) {
        for waiter in waiters { mailboxes[waiter.loop].post(.fail(waiter, error)) }
    }
}
