import F2SModel
import FoundationEssentials
import Testing

/// The remark that people read beside a replica's state.
@Suite struct ReplicaViewTests {
    private static let threads = "It serves fewer connections at once than it is given"
    private static let abandoned = "It did not finish an abandoned invocation"

    private func view(_ load: LoadReport.ReplicaLoad) -> ReplicaView {
        let replica = Replica(
            id: Replica.ID("r"), function: Function.ID("f"), revision: Revision(text: "1"), state: .ready, since: 0)
        return ReplicaView(replica, current: Revision(text: "1"), load: load)
    }

    @Test func `the remark about a replica with few threads contains the remedy`() throws {
        let remark = try #require(view(.init(inFlight: 2, isAccepting: true, hasFewThreads: true)).remark)
        #expect(remark.hasPrefix(Self.threads) && remark.contains("target.concurrency"), "\(remark)")
    }

    @Test(arguments: [
        LoadReport.ReplicaLoad(), LoadReport.ReplicaLoad(inFlight: 7, isAccepting: true),
    ])
    func `a replica without problems has neither a remark nor a member for it`(load: LoadReport.ReplicaLoad) throws {
        let shown = view(load)
        #expect(shown.remark == nil && shown.inFlight == load.inFlight)
        let text = String(decoding: try JSONEncoder().encode(shown), as: UTF8.self)
        #expect(!text.contains("remark"), "\(text)")
    }

    @Test func `the remark about an abandoned invocation takes precedence over few threads`() throws {
        let remark = try #require(view(.init(isUnresponsive: true, hasFewThreads: true)).remark)
        #expect(remark.hasPrefix(Self.abandoned), "\(remark)")
    }

    @Test func `a report of the load contains the finding of few threads`() throws {
        var load = LoadReport.ReplicaLoad(inFlight: 1, isAccepting: true)
        load.add(.init(inFlight: 2, hasFewThreads: true))
        let sent = try JSONEncoder().encode(load)
        let received = try JSONDecoder().decode(LoadReport.ReplicaLoad.self, from: sent)
        #expect(received.hasFewThreads && received.inFlight == 3)
        #expect(view(received).remark?.hasPrefix(Self.threads) == true)
    }
}
