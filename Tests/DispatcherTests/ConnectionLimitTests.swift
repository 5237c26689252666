import Dispatch
import F2SModel
import Testing

@testable import F2SDispatcher

/// Tests that the loop that accepts connections enforces their limit, even if the other loops are blocked.
@Suite struct ConnectionLimitTests {
    @Test(arguments: testedLoops)
    func `the connection limit holds while the other loops are blocked`(loops: Int) async throws {
        var limits = Limits()
        limits.connectionsMax = 20
        try await withTestbed(loops: loops, limits: limits) { bed in
            bed.declare()
            let late = bed.dispatcher.directory.mailboxes.dropFirst()
            let clients = try await holding(late) {
                var clients: [RawClient] = []
                for _ in 0..<60 { clients.append(try await bed.client()) }
                try await eventually("all connections are counted") {
                    bed.clientConnections + Int(bed.metric("f2s_connections_refused_total")) == 60
                }
                #expect(bed.clientConnections == 20)
                return clients
            }
            for client in clients.prefix(20) { #expect(try await client.ask(get("/nothing")).status == 404) }
            for client in clients { client.close() }
            try await eventually("all connections are closed") { bed.clientConnections == 0 }
            #expect(try await bed.client().ask(get("/nothing")).status == 404)
        }
    }

    /// Runs `body` while these loops are blocked.
    private func holding<Result>(
        _ loops: some Collection<Mailbox<Message>>, _ body: () async throws -> Result
    ) async throws -> Result {
        let (held, released) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        defer { for _ in loops { released.signal() } }
        for mailbox in loops {
            mailbox.post(
                .countDown(
                    LoopCountdown(loops: 1) {
                        held.signal()
                        released.wait()
                    }))
        }
        for _ in loops { try await eventually("the loop is blocked") { held.wait(timeout: .now()) == .success } }
        return try await body()
    }
}
