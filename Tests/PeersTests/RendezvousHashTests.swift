import F2SModel
import Testing

@testable import F2SPeers

@Suite struct RendezvousHashTests {
    private let ids = (0..<3000).map { Function.ID("f\($0)") }

    @Test func `the order of the names does not matter, and without names there is no owner`() {
        for id in ids.prefix(100) {
            #expect(
                RendezvousHash.owner(of: id, among: ["a", "b", "c"])
                    == RendezvousHash.owner(of: id, among: ["c", "a", "b"]))
        }
        #expect(RendezvousHash.owner(of: ids[0], among: [String]()) == nil)
    }

    @Test(arguments: [["f2s-5d4f-aaaaa", "f2s-5d4f-aaaab"], ["a", "b", "c"], ["f2s-0", "f2s-1", "f2s-2", "f2s-3"]])
    func `functions are distributed evenly, whatever the names`(names: [String]) {
        let shares = Dictionary(grouping: ids) { RendezvousHash.owner(of: $0, among: names) }.mapValues(\.count)
        for name in names {
            let share = Double(shares[name] ?? 0) * Double(names.count) / Double(ids.count)
            #expect((0.85...1.15).contains(share), "\(name): \(share)")
        }
    }

    @Test func `when a process ends, only its own functions move`() {
        for id in ids {
            let before = RendezvousHash.owner(of: id, among: ["a", "b", "c"])
            let after = RendezvousHash.owner(of: id, among: ["a", "c"])
            #expect(before == "b" || before == after)
        }
    }
}
