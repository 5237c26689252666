import F2SModel
import Glibc
import Testing

@testable import F2SOperator

@Suite struct HandoverTests {
    private let id = Function.ID("f")

    /// A process `own` beside another, both serving.
    private func handover(
        _ own: String, beside other: String, isAlive: Bool = true, sequence: UInt64 = 100
    ) -> Handover {
        let peers = PeerSnapshot(
            own: peer(own), others: [Peer(id: other, address: address, isReady: isAlive, isAlive: isAlive)])
        var handover = Handover(own: peers.own, sequence: sequence)
        handover.take(peers, at: .zero)
        handover.add(limited: [id])
        return handover
    }

    private let address = Replica.Address(ip: "192.0.2.1", port: 8082)
    private func peer(_ id: String) -> Peer { Peer(id: id, address: address, isReady: true) }

    /// The names of two processes, the owner of ``id`` first.
    private var names: (owner: String, other: String) {
        Rendezvous.owner(of: id, among: ["a", "b"]) == "a" ? ("a", "b") : ("b", "a")
    }

    private static let seeds: UInt64 = getenv("F2S_SOAK") == nil ? 24 : 1000

    // One after the other: tests beside these gate on time, and there are few threads.
    @Test(.serialized, arguments: 1...seeds)
    func `at no moment do two processes grant, and calm leads to one that does`(seed: UInt64) async {
        var world = PeerWorld(seed: seed)
        for number in 0..<600 {
            world.step()
            if number.isMultiple(of: 10) { await Task.yield() }
        }
        for _ in 0..<13 {
            world.settle(rounds: 10)
            await Task.yield()
        }
        #expect(world.violations.isEmpty, "seed \(seed): \(world.violations)")
        let ready = world.truth.filter { $0.value.isReady }.keys.sorted()
        let before = world.granted
        world.callAll()
        #expect(world.granted - before >= ready.count * PeerWorld.functions.count && !ready.isEmpty, "seed \(seed)")
        for id in PeerWorld.functions {
            let owner = Rendezvous.owner(of: id, among: ready)
            let granting = world.processes.filter { !$0.value.ownership.held.contains(id) }.keys.sorted()
            #expect(granting == [owner ?? ""], "seed \(seed): \(id)")
            for (name, process) in world.processes where name != owner {
                #expect(process.ownership.elsewhere[id] == owner.map(PeerWorld.address), "seed \(seed): \(name)")
            }
        }
        for (name, process) in world.processes where world.processes.count > 1 {
            var handover = process.handover
            let report = handover.report(process.load)
            #expect(report.holds.isEmpty && report.owned?.isLeftOut == true, "seed \(seed): \(name)")
        }
    }

    @Test func `a process alone grants at once`() {
        var handover = Handover(own: peer("a"), sequence: 0)
        handover.add(limited: [id])
        #expect(handover.decide([:], at: .zero) == Ownership())
    }

    @Test func `a process that nobody has called ready yet grants nothing`() {
        var handover = Handover(own: Peer(id: "a", address: address, isReady: false), sequence: 0)
        handover.add(limited: [id])
        #expect(handover.decide([:], at: .zero).held == [id])
        handover.take(PeerSnapshot(own: peer("a")), at: .seconds(1))
        #expect(handover.decide([:], at: .seconds(1)).held.isEmpty)
    }

    @Test func `the owner waits until the other has heard it and holds nothing`() {
        let (owner, other) = names
        var handover = handover(owner, beside: other)
        #expect(handover.decide([:], at: .zero).held == [id])
        let claim = handover.report(LoadReport())
        #expect(claim.holds == [id])
        // From before the claim was heard.
        handover.take(PeerReport(peer: other, sequence: 1, load: LoadReport(), holds: []), at: .zero)
        #expect(handover.decide([:], at: .zero).held == [id])
        let seen = [owner: claim.sequence]
        handover.take(PeerReport(peer: other, sequence: 2, load: LoadReport(), holds: [id], seen: seen), at: .zero)
        #expect(handover.decide([:], at: .zero).held == [id])
        handover.take(PeerReport(peer: other, sequence: 3, load: LoadReport(), holds: [], seen: seen), at: .zero)
        #expect(handover.decide([:], at: .zero) == Ownership())
    }

    /// Two processes that know each other, after `rounds` reports of each to the other.
    private func pair(rounds: Int) -> (owner: Handover, other: Handover) {
        var pair = (
            owner: handover(names.owner, beside: names.other), other: handover(names.other, beside: names.owner)
        )
        for _ in 0..<rounds {
            _ = (pair.owner.decide([:], at: .zero), pair.other.decide([:], at: .zero))
            pair.other.take(pair.owner.report(LoadReport()), at: .zero)
            pair.owner.take(pair.other.report(LoadReport()), at: .zero)
        }
        return pair
    }

    @Test func `what every other process knows is left out of reports until it changes`() {
        var (owner, other) = pair(rounds: 3)
        #expect(owner.decide([:], at: .zero) == Ownership())
        #expect(owner.report(LoadReport()).holds.isEmpty)
        #expect(!other.isReportDue)
        owner.remove([id])
        #expect(owner.report(LoadReport()).owned?.isLeftOut == false)
        owner.add(limited: [id])
        #expect(owner.decide([:], at: .zero).held == [id])
        #expect(owner.report(LoadReport()).holds == [id])
    }

    @Test func `a process that has not heard what is left out grants nothing, and hears it again`() throws {
        var (owner, _) = pair(rounds: 3)
        // It has just started under the name of one that the owner knows, and claims a function.
        let mine = try #require(
            (0..<100).map { Function.ID("g\($0)") }.first {
                Rendezvous.owner(of: $0, among: ["a", "b"]) == names.other
            })
        var started = handover(names.other, beside: names.owner, sequence: 200)
        started.add(limited: [mine])
        _ = started.decide([:], at: .zero)
        let claim = started.report(LoadReport())
        let short = owner.report(LoadReport())
        #expect(short.owned?.isLeftOut == true)
        started.take(short, at: .zero)
        #expect(started.report(LoadReport()).seen.isEmpty)
        owner.take(claim, at: .zero)
        let whole = owner.report(LoadReport())
        #expect(whole.holds == [id])
        #expect(started.decide([:], at: .zero).held == [id, mine])
        started.take(whole, at: .zero)
        #expect(started.decide([:], at: .zero).held == [id])
    }

    @Test func `a process of an earlier version is told of everything each time`() {
        let (owner, other) = names
        var handover = handover(owner, beside: other)
        for number in 1...3 as ClosedRange<UInt64> {
            _ = handover.decide([:], at: .zero)
            let report = handover.report(LoadReport())
            #expect(report.holds == [id])
            let seen = [owner: report.sequence]
            handover.take(
                PeerReport(peer: other, sequence: number, load: LoadReport(), holds: [], seen: seen), at: .zero)
        }
        #expect(handover.decide([:], at: .zero) == Ownership())
    }

    @Test func `a process that does not run is not waited for`() {
        let (owner, other) = names
        var handover = handover(owner, beside: other, isAlive: false)
        #expect(handover.decide([:], at: .zero) == Ownership())
    }

    @Test func `who is no longer the owner forwards at once, and holds on until nothing is in hand`() {
        let (owner, other) = names
        var handover = Handover(own: peer(other), sequence: 0)
        handover.add(limited: [id])
        #expect(handover.decide([:], at: .zero) == Ownership())
        handover.take(PeerSnapshot(own: peer(other), others: [peer(owner)]), at: .seconds(1))
        let busy: [Function.ID: LoadReport.FunctionLoad] = [id: .init(queued: 1)]
        #expect(handover.decide(busy, at: .seconds(1)) == Ownership(elsewhere: [id: address]))
        #expect(handover.isFinishing)
        #expect(handover.report(LoadReport(functions: busy)).holds == [id])
        #expect(handover.decide([id: .init()], at: .seconds(2)) == Ownership(elsewhere: [id: address], held: [id]))
        #expect(handover.isReportDue)
        #expect(handover.report(LoadReport()).holds.isEmpty)
    }

    @Test func `who is about to end owns nothing beside one that serves`() {
        let (owner, other) = names
        var handover = handover(owner, beside: other)
        handover.leave()
        #expect(handover.decide([:], at: .zero) == Ownership(elsewhere: [id: address], held: [id]))
    }

    @Test func `reports that come out of order count once`() {
        let (owner, other) = names
        var handover = handover(owner, beside: other)
        _ = handover.decide([:], at: .zero)
        let claim = handover.report(LoadReport())
        let seen = [owner: claim.sequence]
        handover.take(PeerReport(peer: other, sequence: 9, load: LoadReport(), holds: [id], seen: seen), at: .zero)
        handover.take(PeerReport(peer: other, sequence: 8, load: LoadReport(), holds: [], seen: seen), at: .zero)
        #expect(handover.decide([:], at: .zero).held == [id])
    }
}
