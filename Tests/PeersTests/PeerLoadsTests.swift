import F2SModel
import Testing

@testable import F2SPeers

@Suite struct PeerLoadsTests {
    private let id = Function.ID("f")
    private let replica = Replica.ID("r")

    private func peer(_ id: String, isReady: Bool = true, isAlive: Bool = true) -> Peer {
        Peer(id: id, address: Replica.Address(ip: "192.0.2.1", port: 1), isReady: isReady, isAlive: isAlive)
    }

    private func report(
        _ peer: String, _ sequence: UInt64, _ load: LoadReport.FunctionLoad,
        replicas: [Replica.ID: LoadReport.ReplicaLoad] = [:]
    ) -> PeerReport {
        PeerReport(
            peer: peer, sequence: sequence, load: LoadReport(functions: [id: load], replicas: replicas), holds: [])
    }

    @Test func `loads are added up, and a replica accepts if one process reports it as accepting`() {
        var loads = PeerLoads()
        _ = loads.record(
            report("b", 1, .init(inFlight: 2, queued: 3), replicas: [replica: .init(inFlight: 2, isAccepting: true)]),
            at: .zero)
        let own = LoadReport(
            functions: [id: .init(inFlight: 1, wantsActivation: true)], replicas: [replica: .init(inFlight: 1)])
        let sum = loads.sum(with: own, [peer("b")], at: .seconds(1))
        #expect(sum.isComplete)
        #expect(sum.load.functions[id] == .init(inFlight: 3, queued: 3, wantsActivation: true))
        #expect(sum.load.replicas[replica] == .init(inFlight: 3, isAccepting: true))
    }

    @Test func `counters change by the difference between two reports of one process`() {
        var loads = PeerLoads()
        let counted = { (number: UInt64) in
            LoadReport.FunctionLoad(admitted: number, concurrencySeconds: Double(number))
        }
        let admitted = { (loads: PeerLoads) in
            var loads = loads
            return loads.sum(with: LoadReport(functions: [id: .init()]), [], at: .zero).load.functions[id]?.admitted
        }
        _ = loads.record(report("b", 1, counted(1000)), at: .zero)
        #expect(admitted(loads) == 0, "the first report adds nothing")
        _ = loads.record(report("b", 2, counted(1010)), at: .zero)
        #expect(admitted(loads) == 10)
        // The process has restarted.
        _ = loads.record(report("b", 3, counted(3)), at: .zero)
        #expect(admitted(loads) == 10)
        _ = loads.record(report("b", 4, counted(5)), at: .zero)
        #expect(admitted(loads) == 12)
        loads.keep(only: [] as Set<String>, at: .seconds(60))
        #expect(admitted(loads) == 12, "a process that is gone subtracts nothing")
        loads.forget([id])
        #expect(admitted(loads) == 0)
    }

    @Test func `counters of this process are kept while only another process reports the function`() {
        var loads = PeerLoads()
        let own = LoadReport(functions: [id: .init(admitted: 7, concurrencySeconds: 3)])
        _ = loads.sum(with: own, [peer("b")], at: .zero)
        #expect(loads.sum(with: LoadReport(), [peer("b")], at: .zero).load.functions.isEmpty, "no process reports it")
        _ = loads.record(report("b", 1, .init(inFlight: 1, admitted: 1)), at: .zero)
        _ = loads.record(report("b", 2, .init(inFlight: 2, admitted: 2)), at: .zero)
        let sum = loads.sum(with: LoadReport(), [peer("b")], at: .zero).load.functions[id]
        #expect(sum == .init(inFlight: 2, admitted: 8, concurrencySeconds: 3))
    }

    @Test(arguments: [
        (Peer(id: "b", isReady: true), false), (Peer(id: "b", isReady: false), true),
        (Peer(id: "b", isReady: true, isAlive: false), true),
    ])
    func `without a report of a process that serves the sum is incomplete`(peer: Peer, isComplete: Bool) {
        var loads = PeerLoads()
        #expect(loads.sum(with: LoadReport(), [peer], at: .zero).isComplete == isComplete)
    }

    @Test func `a report that is older than five seconds no longer counts`() {
        var loads = PeerLoads()
        _ = loads.record(report("b", 1, .init(inFlight: 1)), at: .zero)
        let fresh = loads.sum(with: LoadReport(), [peer("b")], at: .seconds(5))
        #expect(fresh.isComplete && fresh.load.functions[id]?.inFlight == 1)
        let old = loads.sum(with: LoadReport(), [peer("b")], at: .milliseconds(5001))
        #expect(!old.isComplete && old.load.functions[id] == nil)
    }

    @Test func `an older report that arrives later is ignored`() {
        var loads = PeerLoads()
        _ = loads.record(report("b", 2, .init(inFlight: 1)), at: .zero)
        let isChange = loads.record(report("b", 1, .init(inFlight: 7, wantsActivation: true)), at: .zero)
        #expect(!isChange)
        #expect(loads.sum(with: LoadReport(), [peer("b")], at: .zero).load.functions[id]?.inFlight == 1)
    }

    @Test func `a cold function that a peer wants is urgent once`() {
        var loads = PeerLoads()
        let wanted = LoadReport.FunctionLoad(queued: 1, wantsActivation: true)
        let changes = zip(1...4 as ClosedRange<UInt64>, [wanted, wanted, .init(), wanted]).map { sequence, load in
            loads.record(report("b", sequence, load), at: .zero)
        }
        #expect(changes == [true, false, false, true])
    }

    @Test func `a report contains current and changed loads, and nothing of a thousand idle functions`() {
        var changes = LoadDelta()
        var load = LoadReport()
        for number in 0..<1000 { load.functions[Function.ID("idle\(number)")] = .init() }
        load.functions[id] = .init(inFlight: 1, admitted: 1)
        #expect(changes.part(of: load, at: .zero).functions.keys.sorted { $0.text < $1.text } == [id])
        load.functions[id] = .init(admitted: 1, concurrencySeconds: 1)
        #expect(changes.part(of: load, at: .seconds(1)).functions[id]?.concurrencySeconds == 1)
        // Reports may be lost, so the counter is repeated for a while.
        #expect(changes.part(of: load, at: .seconds(10)).functions[id] != nil)
        #expect(changes.part(of: load, at: .seconds(12)).functions.isEmpty)
        load.functions[id] = .init(queued: 1, wantsActivation: true, admitted: 1, concurrencySeconds: 1)
        #expect(changes.isUrgent(load))
        _ = changes.part(of: load, at: .seconds(13))
        #expect(!changes.isUrgent(load))
    }
}
