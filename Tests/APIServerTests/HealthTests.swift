import F2SModel
import Testing

@testable import F2SAPIServer

/// The answers of `/health`, about F2S and about the platform that it runs functions on.
@Suite struct HealthTests {
    @Test func `health answers 503 with the reason during an outage of the platform, and 200 after it`() async throws {
        let reason = "The cluster's API server cannot be reached: no route. Warm functions go on."
        let runtime = StubRuntime()
        try await TestServer.with(.init(replicas: runtime)) { server in
            #expect(try await server.send("GET", "/health").status == 200)
            runtime.outage.publish(reason)
            for _ in 0..<2 {
                let away = try await server.send("GET", "/health")
                #expect(away.status == 503 && away.problem == reason)
                #expect(away.headers["retry-after"] == "1")
            }
            // Warm functions are still served, so the process stays in its Service.
            #expect(try await server.sendToOperations("GET", "/ready").status == 200)
            runtime.outage.publish(nil)
            let back = try await server.send("GET", "/health")
            #expect(back.status == 200)
            #expect(try back.json["status"] == "ok")
        }
    }

    @Test func `a peer that rejects the token makes health degraded until the tokens agree`() async throws {
        let refuses = Latest(true)
        let conditions: @Sendable () -> [InstallationCondition] = {
            [
                refuses.current
                    ? InstallationCondition(
                        .peersTrusted, isTrue: false, reason: "PeerRefusesToken", message: "f2s-b refuses it.")
                    : InstallationCondition(.peersTrusted, isTrue: true, reason: "TokensAgree", message: "Known.")
            ]
        }
        try await TestServer.with(.init(conditions: conditions)) { server in
            let refused = try await server.send("GET", "/health")
            // The process still serves.
            #expect(refused.status == 200)
            let health = try refused.json
            #expect(health["status"] == "degraded" && health["conditions"]?.items.count == 1)
            let condition = health["conditions"]?.items.first
            #expect(condition?["type"] == "PeersTrusted" && condition?["status"] == "False")
            #expect(condition?["reason"] == "PeerRefusesToken" && condition?["message"] == "f2s-b refuses it.")
            refuses.publish(false)
            let healed = try await server.send("GET", "/health").json
            #expect(healed["status"] == "ok" && healed["conditions"]?.items.first?["status"] == "True")
        }
    }
}
