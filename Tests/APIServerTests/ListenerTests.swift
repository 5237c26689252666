import F2SModel
import Logging
import Testing

@testable import F2SAPIServer

@Suite struct ListenerTests {
    @Test func `an address that is taken is an error that names it`() async throws {
        try await TestServer.with { server in
            let gate = RouteGate(authenticator: StubAuthenticator(), publicAuthority: { "" })
            let router = APIRouter(routes: [], gate: gate, logger: Logger(label: "test")).router()
            let listener = Listener(
                name: "127.0.0.1:\(server.operationsPort)",
                address: .hostname("127.0.0.1", port: server.operationsPort), router: router,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, onBound: { _ in })
            await #expect {
                try await listener.run()
            } throws: { error in
                let text = "\(error)"
                return text.contains("127.0.0.1:\(server.operationsPort)") && text.contains("in use")
            }
        }
    }
}
