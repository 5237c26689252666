import F2SModel
import Glibc
import Testing

@testable import F2SPeers

@Suite struct OwnershipTransferTests {
    private let id = Function.ID("f")

    /// Creates the state of a process `own` beside another one; both serve.
    private func transfer(
        _ own: String, beside other: String, isAlive: Bool = true, sequence: UInt64 = 100
    ) -> OwnershipTransfer {
        let peers = PeerSnapshot(
            own: peer(own), others: [Peer(id: other, address: address, isReady: isAlive, isAlive: isAlive)])
        var transfer = OwnershipTransfer(own: peers.own, sequence: sequence)
        transfer.apply(peers, at: .zero)
        transfer.add(limited: [id])
        return transfer
    }

    private let address = Replica.Address(ip: "192.0.2.1", port: 8082)
    private func peer(_ id: String) -> Peer { Peer(id: id, address: address, isReady: true) }

    /// The names of two processes: the owner of ``id``, and the other one.
    private var names: (owner: String, other: String) {
        RendezvousHash.owner(of: id, among: ["a", "b"]) == "a" ? ("a", "b") : ("b", "a")
    }

    private static let seeds: UInt64 = getenv("F2S_SOAK") == nil ? 24 : 1000

    // Run one after the other: tests that run at the same time have time limits, and there are few threads.
    @Test(.serialized, arguments: 1...seeds)
    func `two processes never grant at the same time, and after a calm period exactly one does`(seed: UInt64) async {
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
            let owner = RendezvousHash.owner(of: id, among: ready)
            let granting = world.processes.filter { !$0.value.ownership.withheld.contains(id) }.keys.sorted()
            #expect(granting == [owner ?? ""], "seed \(seed): \(id)")
            for (name, process) in world.processes where name != owner {
                #expect(process.ownership.elsewhere[id] == owner.map(PeerWorld.address), "seed \(seed): \(name)")
            }
        }
        for (name, process) in world.processes where world.processes.count > 1 {
            var transfer = process.transfer
            let report = transfer.report(process.load)
            #expect(report.holds.isEmpty && report.owned?.isLeftOut == true, "seed \(seed): \(name)")
        }
    }

    @Test func `a process without peers grants at once`() {
        var transfer = OwnershipTransfer(own: peer("a"), sequence: 0)
        transfer.add(limited: [id])
        #expect(transfer.decide([:], at: .zero) == Ownership())
    }

    @Test func `a process that the directory has not reported as ready grants nothing`() {
        var transfer = OwnershipTransfer(own: Peer(id: "a", address: address, isReady: false), sequence: 0)
        transfer.add(limited: [id])
        #expect(transfer.decide([:], at: .zero).withheld == [id])
        transfer.apply(PeerSnapshot(own: peer("a")), at: .seconds(1))
        #expect(transfer.decide([:], at: .seconds(1)).withheld.isEmpty)
    }

    @Test func `the owner waits until the other process has received the claim and holds nothing`() {
        let (owner, other) = names
        var transfer = transfer(owner, beside: other)
        #expect(transfer.decide([:], at: .zero).withheld == [id])
        let claim = transfer.report(LoadReport())
        #expect(claim.holds == [id])
        // From before the claim was received.
        transfer.record(PeerReport(peer: other, sequence: 1, load: LoadReport(), holds: []), at: .zero)
        #expect(transfer.decide([:], at: .zero).withheld == [id])
        let seen = [owner: claim.sequence]
        transfer.record(PeerReport(peer: other, sequence: 2, load: LoadReport(), holds: [id], seen: seen), at: .zero)
        #expect(transfer.decide([:], at: .zero).withheld == [id])
        transfer.record(PeerReport(peer: other, sequence: 3, load: LoadReport(), holds: [], seen: seen), at: .zero)
        #expect(transfer.decide([:], at: .zero) == Ownership())
    }

    /// Returns two processes that know each other, after each has sent `rounds` reports to the other.
    private func pair(rounds: Int) -> (owner: OwnershipTransfer, other: OwnershipTransfer) {
        var pair = (
            owner: transfer(names.owner, beside: names.other), other: transfer(names.other, beside: names.owner)
        )
        for _ in 0..<rounds {
            _ = (pair.owner.decide([:], at: .zero), pair.other.decide([:], at: .zero))
            pair.other.record(pair.owner.report(LoadReport()), at: .zero)
            pair.owner.record(pair.other.report(LoadReport()), at: .zero)
        }
        return pair
    }

    @Test func `functions that every peer knows are omitted from reports until they change`() {
        var (owner, other) = pair(rounds: 3)
        #expect(owner.decide([:], at: .zero) == Ownership())
        #expect(owner.report(LoadReport()).holds.isEmpty)
        #expect(!other.isReportDue)
        owner.remove([id])
        #expect(owner.report(LoadReport()).owned?.isLeftOut == false)
        owner.add(limited: [id])
        #expect(owner.decide([:], at: .zero).withheld == [id])
        #expect(owner.report(LoadReport()).holds == [id])
    }

    @Test func `a process that lacks omitted functions grants nothing until it receives them again`() throws {
        var (owner, _) = pair(rounds: 3)
        // It has just started under a name that the owner knows, and claims a function.
        let mine = try #require(
            (0..<100).map { Function.ID("g\($0)") }.first {
                RendezvousHash.owner(of: $0, among: ["a", "b"]) == names.other
            })
        var started = transfer(names.other, beside: names.owner, sequence: 200)
        started.add(limited: [mine])
        _ = started.decide([:], at: .zero)
        let claim = started.report(LoadReport())
        let short = owner.report(LoadReport())
        #expect(short.owned?.isLeftOut == true)
        started.record(short, at: .zero)
        #expect(started.report(LoadReport()).seen.isEmpty)
        owner.record(claim, at: .zero)
        let whole = owner.report(LoadReport())
        #expect(whole.holds == [id])
        #expect(started.decide([:], at: .zero).withheld == [id, mine])
        started.record(whole, at: .zero)
        #expect(started.decide([:], at: .zero).withheld == [id])
    }

    @Test func `a process of an earlier version receives all functions each time`() {
        let (owner, other) = names
        var transfer = transfer(owner, beside: other)
        for number in 1...3 as ClosedRange<UInt64> {
            _ = transfer.decide([:], at: .zero)
            let report = transfer.report(LoadReport())
            #expect(report.holds == [id])
            let seen = [owner: report.sequence]
            transfer.record(
                PeerReport(peer: other, sequence: number, load: LoadReport(), holds: [], seen: seen), at: .zero)
        }
        #expect(transfer.decide([:], at: .zero) == Ownership())
    }

    @Test func `the owner does not wait for a process that does not run`() {
        let (owner, other) = names
        var transfer = transfer(owner, beside: other, isAlive: false)
        #expect(transfer.decide([:], at: .zero) == Ownership())
    }

    @Test func `a former owner forwards at once, and holds on until nothing is in flight`() {
        let (owner, other) = names
        var transfer = OwnershipTransfer(own: peer(other), sequence: 0)
        transfer.add(limited: [id])
        #expect(transfer.decide([:], at: .zero) == Ownership())
        transfer.apply(PeerSnapshot(own: peer(other), others: [peer(owner)]), at: .seconds(1))
        let busy: [Function.ID: LoadReport.FunctionLoad] = [id: .init(queued: 1)]
        #expect(transfer.decide(busy, at: .seconds(1)) == Ownership(elsewhere: [id: address]))
        #expect(transfer.isFinishing)
        #expect(transfer.report(LoadReport(functions: busy)).holds == [id])
        #expect(transfer.decide([id: .init()], at: .seconds(2)) == Ownership(elsewhere: [id: address], withheld: [id]))
        #expect(transfer.isReportDue)
        #expect(transfer.report(LoadReport()).holds.isEmpty)
    }

    @Test func `a process that is shutting down owns nothing beside one that serves`() {
        let (owner, other) = names
        var transfer = transfer(owner, beside: other)
        transfer.leave()
        #expect(transfer.decide([:], at: .zero) == Ownership(elsewhere: [id: address], withheld: [id]))
    }

    @Test func `a report that arrives after a newer one is ignored`() {
        let (owner, other) = names
        var transfer = transfer(owner, beside: other)
        _ = transfer.decide([:], at: .zero)
        let claim = transfer.report(LoadReport())
        let seen = [owner: claim.sequence]
        transfer.record(PeerReport(peer: other, sequence: 9, load: LoadReport(), holds: [id], seen: seen), at: .zero)
        transfer.record(PeerReport(peer: other, sequence: 8, load: LoadReport(), holds: [], seen: seen), at: .zero)
        #expect(transfer.decide([:], at: .zero).withheld == [id])
    }
}
