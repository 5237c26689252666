import F2SModel
import TestSupport

@testable import F2SOperator

/// Processes that come, serve, move functions among each other and end, with a directory that each of them hears of
/// late and reports that are lost and overtake each other. What must never happen is written to ``violations``.
struct PeerWorld {
    /// A pod as the API server knows it.
    struct Place: Hashable {
        var isRunning = false
        var isReady = false
        var isDeleting = false
    }

    /// What runs in a pod.
    struct Process {
        var handover: Handover
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
    /// Longest time that a process does not hear of the directory.
    static let lateness = Duration.seconds(3)

    var random: SeededGenerator
    var now = Duration.zero
    var truth: [String: Place] = [:]
    var history: [[String: Place]] = [[:]]
    var processes: [String: Process] = [:]
    var messages: [Message] = []
    var violations: [String] = []
    var granted = 0
    private var sequence: UInt64 = 0
    private var nextPod = 0

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    // MARK: What happens

    /// Something, and time passes.
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

    /// Nothing new happens, and all that is late arrives. The last word of one that is dead counts for a while, too.
    mutating func settle(rounds: Int) {
        if truth.values.allSatisfy(\.isDeleting) { createPod() }
        for _ in 0..<rounds {
            now += .milliseconds(100)
            start()
            while observe() {}
            note()
            for name in processes.keys.sorted() {
                look(name, at: history.count - 1)
                for id in Self.functions { processes[name]?.inFlight[id] = 0 }
                tick(name)
            }
            while !messages.isEmpty { deliver(isReliable: true) }
            check()
        }
    }

    private mutating func createPod() {
        truth["pod-\(nextPod)"] = Place()
        nextPod += 1
    }

    /// A pod's container starts, for the first time or again; a process that is told to end does so when it can.
    private mutating func start() {
        for (name, place) in truth.sorted(by: { $0.key < $1.key }) where processes[name] == nil {
            guard !place.isDeleting, !place.isRunning else { continue }
            note()
            sequence += 1_000_000
            let view = history.count - 1
            let peers = snapshot(for: name, at: view)
            var handover = Handover(own: peers.own, sequence: sequence)
            handover.take(peers, at: now)
            handover.add(limited: Self.functions)
            processes[name] = Process(handover: handover, view: view, reportedAt: .zero, viewedAt: now)
            settle(name)
        }
        for (name, place) in truth where place.isDeleting && processes[name]?.isLeaving == false {
            processes[name]?.isLeaving = true
            processes[name]?.handover.leave()
            settle(name)
        }
    }

    /// A process dies at once, with all that it has in hand.
    private mutating func kill() {
        guard let name = any(processes.keys) else { return }
        processes[name] = nil
    }

    /// The kubelet tells the API server something that has become true.
    /// - Returns: whether there was something.
    @discardableResult
    private mutating func observe() -> Bool {
        for name in truth.keys.sorted().shuffled(using: &random) {
            guard var place = truth[name] else { continue }
            let before = place
            let isUp = processes[name] != nil
            if place.isDeleting {
                let isDone = processes[name].map { $0.inFlight.values.allSatisfy { $0 == 0 } } ?? true
                if isDone {
                    processes[name] = nil
                    truth[name] = nil
                    return true
                }
            }
            if place.isRunning != isUp {
                place.isRunning = isUp
                place.isReady = false
            } else if isUp, !place.isReady, !place.isDeleting {
                place.isReady = true
            }
            guard place != before else { continue }
            truth[name] = place
            return true
        }
        return false
    }

    /// An invocation comes to a process that has ever been called ready.
    private mutating func call() {
        guard let name = any(truth.filter { $0.value.isReady }.keys), let id = any(Self.functions) else { return }
        call(id, at: name)
    }

    /// An invocation of each function comes to each process that serves.
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
        guard let place = messages.indices.randomElement(using: &random) else { return }
        let message = messages.remove(at: place)
        guard isReliable || Int.random(in: 0..<5, using: &random) > 0, processes[message.to] != nil else { return }
        processes[message.to]?.handover.take(message.report, at: now)
        settle(message.to)
    }

    // MARK: What a process does

    /// As `PeerLink` does each time that it wakes.
    private mutating func tick(_ name: String) {
        guard let late = processes[name] else { return }
        if now - late.viewedAt > Self.lateness || Int.random(in: 0..<4, using: &random) == 0 {
            look(name, at: Int.random(in: late.view..<history.count, using: &random))
            if now - late.viewedAt > Self.lateness { look(name, at: history.count - 1) }
        }
        settle(name)
        guard let process = processes[name] else { return }
        let isTime = now - process.reportedAt >= .seconds(1)
        guard isTime || process.handover.isReportDue else { return }
        processes[name]?.reportedAt = now
        let load = process.load
        guard let report = processes[name]?.handover.report(load) else { return }
        for peer in snapshot(for: name, at: processes[name]?.view ?? 0).others where peer.isAlive {
            messages.append(Message(report: report, to: peer.id))
        }
    }

    private mutating func look(_ name: String, at view: Int) {
        processes[name]?.view = view
        if view == history.count - 1 { processes[name]?.viewedAt = now }
        let peers = snapshot(for: name, at: view)
        processes[name]?.handover.take(peers, at: now)
        settle(name)
    }

    private mutating func settle(_ name: String) {
        let load = processes[name]?.load.functions ?? [:]
        guard let ownership = processes[name]?.handover.decide(load, at: now) else { return }
        processes[name]?.ownership = ownership
        if var afresh = processes[name]?.handover {
            afresh.reconsider()
            let all = afresh.decide(load, at: now)
            if all != ownership { violations.append("\(now): \(name) has decided \(ownership) and not \(all)") }
        }
        grant(name)
    }

    private mutating func grant(_ name: String) {
        guard let process = processes[name] else { return }
        for (id, queued) in process.queued where queued > 0 && !process.ownership.held.contains(id) {
            processes[name]?.queued[id] = 0
            processes[name]?.inFlight[id, default: 0] += queued
            granted += queued
        }
    }

    // MARK: What is seen

    private mutating func note() {
        if truth != history.last { history.append(truth) }
    }

    private func snapshot(for name: String, at view: Int) -> PeerSnapshot {
        let places = history[view]
        let own = places[name]
        return PeerSnapshot(
            own: Peer(
                id: name, address: Self.address(of: name), isReady: own.map { $0.isReady && !$0.isDeleting } ?? false),
            others: places.filter { $0.key != name }.map { other, place in
                Peer(
                    id: other, address: Self.address(of: other),
                    isReady: place.isReady && !place.isDeleting && place.isRunning, isAlive: place.isRunning)
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
