import F2SModel
import Testing

@testable import F2SAPIServer

@Suite struct ListenerTests {
    @Test func `an address in use is an error that contains the address`() async throws {
        try await TestServer.with { server in
            await #expect {
                try await TestServer.with(.init(operationsPort: server.operationsPort)) { _ in
                    Issue.record("Two servers listen on one port.")
                }
            } throws: { error in
                guard case APIServerError.cannotListen(let address, let reason) = error else { return false }
                return address == "127.0.0.1:\(server.operationsPort)" && reason.contains("in use")
            }
        }
    }
}
