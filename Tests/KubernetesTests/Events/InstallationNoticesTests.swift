import F2SModel
import NIOHTTP1
import Testing

@testable import F2SKubernetes

/// The Events about the installation itself, which `kubectl get events` shows.
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
    func `a rejected token causes a Warning about this pod, and a token that is accepted again causes a Normal Event`(
        condition: InstallationCondition, type: String
    ) async throws {
        try await write(condition, to: { .answer(201, "{}") }) { question in
            #expect(question.method == .POST && question.target.hasPrefix("/api/v1/namespaces/f2s/events"))
            let event = try JSONValue(decoding: question.body)
            #expect(event["type"]?.text == type && event["reason"]?.text == condition.reason)
            // Each pod reports its own state, so the message names the pod.
            #expect(event["message"]?.text == "f2s-a: \(condition.message)")
            let pod = event["involvedObject"]
            #expect(pod?["kind"]?.text == "Pod" && pod?["name"]?.text == "f2s-a" && pod?["namespace"]?.text == "f2s")
        }
    }

    @Test func `an Event that the API server rejects is not a failure`() async throws {
        try await write(Self.refused, to: { .error(403, "Forbidden") }) { question in
            #expect(question.method == .POST)
        }
    }
}
