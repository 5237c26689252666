import F2SModel

@testable import F2SPeers

/// Processes that start, serve, transfer functions to each other and end. Each of them receives the directory late, and
/// reports are lost and overtake each other. Broken invariants are added to ``violations``.
struct PeerWorld {
    /// A pod as the API server reports it.
    struct PodState: Hashable {
        var isRunning = false
        var isReady = false
        var isDeleting = false
    }

    /// The process in a pod.
    struct Process {
        var transfer: OwnershipTransfer
        var view: Int
        var ownership = Ownership()
        var inFlight: [Function.ID: Int] = [:]
        var queued: [Function.ID: Int] = [:]
        var isLeaving = false
        var reportedAt = Duration.zero
        var viewedAt = Duration.zero

        var load: LoadReport {
            var load = LoadReport()
            for id in Set(inFlight.keys).union(queued.keys) {
                load.functions[id] = .init(inFlight: inFlight[id] ?? 0, queued: queued[id] ?? 0)
            }
            return load
        }
    }

    struct Message {
        var report: PeerReport
        var to: String
    }

    static let functions = (1...4).map { Function.ID("f\($0)") }
    /// The longest time by which a process's view of the directory is late.
    static let lateness = Duration.seconds(3)

    var random: SplitMix64
    var now = Duration.zero
    var truth: [String: PodState] = [:]
    var history: [[String: PodState]] = [[:]]
    var processes: [String: Process] = [:]
    var messages: [Message] = []
    var violations: [String] = []
    var granted = 0
    private var sequence: UInt64 = 0
    private var nextPod = 0

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    // MARK: Events

    /// One random event, after a random pause.
    mutating func step() {
        now += .milliseconds(Int.random(in: 1...60, using: &random))
        switch Int.random(in: 0..<40, using: &random) {
        case 0: if truth.count < 4 { createPod() }
        case 1: if let pod = any(truth.keys) { truth[pod]?.isDeleting = true }
        case 2: kill()
        case 3...8: start()
        case 9...14: observe()
        case 15...22: call()
        case 23...28: finish()
        default: deliver()
        }
        note()
        for name in processes.keys.sorted() { tick(name) }
        check()
    }

    /// Runs without new events while all late messages arrive. The last report of a dead process counts for a while,
    /// too.
    mutating func settle(rounds: Int) {
        if truth.values.allSatisfy(\.isDeleting) { createPod() }
        for _ in 0..<rounds {
            now += .milliseconds(100)
            start()
            while observe() {}
            note()
            for name in processes.keys.sorted() {
                attempt(name, at: history.count - 1)
                for id in Self.functions { processes[name]?.inFlight[id] = 0 }
                tick(name)
            }
            while !messages.isEmpty { deliver(isReliable: true) }
            check()
        }
    }

    private mutating func createPod() {
        truth["pod-\(nextPod)"] = PodState()
        nextPod += 1
    }

    /// Starts the containers of pods, for the first time or again, and informs processes in deleted pods that they must
    /// end.
    private mutating func start() {
        for (name, location) in truth.sorted(by: { $0.key < $1.key }) where processes[name] == nil {
            guard !location.isDeleting, !location.isRunning else { continue }
            note()
            sequence += 1_000_000
            let view = history.count - 1
            let peers = snapshot(for: name, at: view)
            var transfer = OwnershipTransfer(own: peers.own, sequence: sequence)
            transfer.apply(peers, at: now)
            transfer.add(limited: Self.functions)
            processes[name] = Process(transfer: transfer, view: view, reportedAt: .zero, viewedAt: now)
            settle(name)
        }
        for (name, location) in truth where location.isDeleting && processes[name]?.isLeaving == false {
            processes[name]?.isLeaving = true
            processes[name]?.transfer.leave()
            settle(name)
        }
    }

    /// Ends a process at once, with all its invocations.
    private mutating func kill() {
        guard let name = any(processes.keys) else { return }
        processes[name] = nil
    }

    /// Reports one change from the kubelet to the API server.
    /// - Returns: True if there was a change.
    @discardableResult
    private mutating func observe() -> Bool {
        for name in truth.keys.sorted().shuffled(using: &random) {
            guard var location = truth[name] else { continue }
            let before = location
            let isUp = processes[name] != nil
            if location.isDeleting {
                let isDone = processes[name].map { $0.inFlight.values.allSatisfy { $0 == 0 } } ?? true
                if isDone {
                    processes[name] = nil
                    truth[name] = nil
                    return true
                }
            }
            if location.isRunning != isUp {
                location.isRunning = isUp
                location.isReady = false
            } else if isUp, !location.isReady, !location.isDeleting {
                location.isReady = true
            }
            guard location != before else { continue }
            truth[name] = location
            return true
        }
        return false
    }

    /// Sends an invocation to a process that has been reported as ready.
    private mutating func call() {
        guard let name = any(truth.filter { $0.value.isReady }.keys), let id = any(Self.functions) else { return }
        call(id, at: name)
    }

    /// Sends an invocation of each function to each process that serves.
    mutating func callAll() {
        for name in truth.filter({ $0.value.isReady }).keys.sorted() {
            for id in Self.functions { call(id, at: name) }
        }
    }

    private mutating func call(_ id: Function.ID, at name: String) {
        guard let process = processes[name] else { return }
        var home = name
        if let address = process.ownership.elsewhere[id] {
            guard let owner = processes.keys.first(where: { Self.address(of: $0) == address }) else { return }
            home = owner
        }
        processes[home]?.queued[id, default: 0] += 1
        grant(home)
    }

    private mutating func finish() {
        guard let name = any(processes.keys), let id = any(Self.functions) else { return }
        let count = processes[name]?.inFlight[id] ?? 0
        if count > 0 { processes[name]?.inFlight[id] = count - 1 }
        settle(name)
    }

    private mutating func deliver(isReliable: Bool = false) {
        guard let location = messages.indices.randomElement(using: &random) else { return }
        let message = messages.remove(at: location)
        guard isReliable || Int.random(in: 0..<5, using: &random) > 0, processes[message.to] != nil else { return }
        processes[message.to]?.transfer.record(message.report, at: now)
        settle(message.to)
    }

    // MARK: Processes

    /// Does the same as `PeerLink` each time that it wakes.
    private mutating func tick(_ name: String) {
        guard let late = processes[name] else { return }
        if now - late.viewedAt > Self.lateness || Int.random(in: 0..<4, using: &random) == 0 {
            attempt(name, at: Int.random(in: late.view..<history.count, using: &random))
            if now - late.viewedAt > Self.lateness { attempt(name, at: history.count - 1) }
        }
        settle(name)
        guard let process = processes[name] else { return }
        let isTime = now - process.reportedAt >= .seconds(1)
        guard isTime || process.transfer.isReportDue else { return }
        processes[name]?.reportedAt = now
        let load = process.load
        guard let report = processes[name]?.transfer.report(load) else { return }
        for peer in snapshot(for: name, at: processes[name]?.view ?? 0).others where peer.isAlive {
            messages.append(Message(report: report, to: peer.id))
        }
    }

    private mutating func attempt(_ name: String, at view: Int) {
        processes[name]?.view = view
        if view == history.count - 1 { processes[name]?.viewedAt = now }
        let peers = snapshot(for: name, at: view)
        processes[name]?.transfer.apply(peers, at: now)
        settle(name)
    }

    private mutating func settle(_ name: String) {
        let load = processes[name]?.load.functions ?? [:]
        guard let ownership = processes[name]?.transfer.decide(load, at: now) else { return }
        processes[name]?.ownership = ownership
        if var afresh = processes[name]?.transfer {
            afresh.reconsider()
            let all = afresh.decide(load, at: now)
            if all != ownership { violations.append("\(now): \(name) has decided \(ownership) and not \(all)") }
        }
        grant(name)
    }

    private mutating func grant(_ name: String) {
        guard let process = processes[name] else { return }
        for (id, queued) in process.queued where queued > 0 && !process.ownership.withheld.contains(id) {
            processes[name]?.queued[id] = 0
            processes[name]?.inFlight[id, default: 0] += queued
            granted += queued
        }
    }

    // MARK: Views

    private mutating func note() {
        if truth != history.last { history.append(truth) }
    }

    private func snapshot(for name: String, at view: Int) -> PeerSnapshot {
        let locations = history[view]
        let own = locations[name]
        return PeerSnapshot(
            own: Peer(
                id: name, address: Self.address(of: name), isReady: own.map { $0.isReady && !$0.isDeleting } ?? false),
            others: locations.filter { $0.key != name }.map { other, location in
                Peer(
                    id: other, address: Self.address(of: other),
                    isReady: location.isReady && !location.isDeleting && location.isRunning, isAlive: location.isRunning
                )
            })
    }

    private mutating func check() {
        for id in Self.functions {
            let busy = processes.filter { ($0.value.inFlight[id] ?? 0) > 0 }.keys.sorted()
            if busy.count > 1, violations.count < 3 { violations.append("\(now): \(id) is granted by \(busy)") }
        }
    }

    private mutating func any<Element: Comparable>(_ elements: some Sequence<Element>) -> Element? {
        elements.sorted().randomElement(using: &random)
    }

    static func address(of name: String) -> Replica.Address {
        Replica.Address(ip: "192.0.2.1", port: 1000 + (Int(name.dropFirst(4)) ?? 0))
    }
}
