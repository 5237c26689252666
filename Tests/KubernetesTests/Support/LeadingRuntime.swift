import F2SModel

@testable import F2SKubernetes

extension ScriptedAPIServer {
    /// Runs `body` with a runtime whose process leads, before an API server that answers by `script`. The runtime does
    /// not watch: a test that needs that runs it.
    static func runLeading(
        allowsSecret: @escaping @Sendable (String) -> Bool = { _ in true },
        script: @escaping @Sendable (Question) -> Reply,
        _ body: (KubernetesRuntime, ScriptedAPIServer) async throws -> Void
    ) async throws {
        try await run(script: script) { client, server in
            var options = KubernetesOptions(
                namespace: "f2s", functionsNamespace: "run", podName: "a", podIP: "127.0.0.1", token: "t")
            options.failover = .seconds(60)
            options.allowsSecret = allowsSecret
            let election = LeaseElection(client: client, options: options, logger: .silent)
            async let _: Void = election.run()
            while !election.isLeader { try await Task.sleep(for: .milliseconds(5)) }
            let store = KubernetesFunctionStore(
                client: client, namespace: "f2s", leadingTime: { .zero }, logger: .silent)
            let runtime = KubernetesRuntime(
                client: client, options: options, store: store, election: election,
                events: EventJournal(eventsMax: 1), logger: .silent)
            try await body(runtime, server)
        }
    }
}
