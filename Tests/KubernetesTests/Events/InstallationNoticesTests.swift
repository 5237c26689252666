import F2SModel
import NIOHTTP1
import Testing

@testable import F2SKubernetes

/// Events about the installation itself, where `kubectl get events` shows them.
@Suite struct InstallationNoticesTests {
    static let refused = InstallationCondition(
        .peersTrusted, isTrue: false, reason: "PeerRefusesToken", message: "f2s-b refuses the internal token.")
    static let agreed = InstallationCondition(
        .peersTrusted, isTrue: true, reason: "TokensAgree", message: "The other F2S processes know the token.")

    private func write(
        _ condition: InstallationCondition, to reply: @escaping @Sendable () -> ScriptedAPIServer.Reply,
        _ body: (ScriptedAPIServer.Question) throws -> Void
    ) async throws {
        try await ScriptedAPIServer.run { _ in
            reply()
        } _: { client, server in
            let options = KubernetesOptions(
                namespace: "f2s", functionsNamespace: "run", podName: "f2s-a", podIP: "127.0.0.1", token: "t")
            await InstallationNotices(client: client, options: options, logger: .silent).write(condition)
            try body(try #require(server.questions.first))
        }
    }

    @Test(arguments: [(refused, "Warning"), (agreed, "Normal")])
    func `a refused token is a Warning about this pod, and a token that is accepted again a Normal Event`(
        condition: InstallationCondition, type: String
    ) async throws {
        try await write(condition, to: { .answer(201, "{}") }) { question in
            #expect(question.method == .POST && question.target.hasPrefix("/api/v1/namespaces/f2s/events"))
            let event = try JSONValue(decoding: question.body)
            #expect(event["type"]?.text == type && event["reason"]?.text == condition.reason)
            // Each pod tells of itself: the message says which one.
            #expect(event["message"]?.text == "f2s-a: \(condition.message)")
            let pod = event["involvedObject"]
            #expect(pod?["kind"]?.text == "Pod" && pod?["name"]?.text == "f2s-a" && pod?["namespace"]?.text == "f2s")
        }
    }

    @Test func `an Event that the API server refuses is no failure`() async throws {
        try await write(Self.refused, to: { .refusal(403, "Forbidden") }) { question in
            #expect(question.method == .POST)
        }
    }
}
