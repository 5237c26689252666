import F2SModel
import Testing

@testable import F2SKubernetes

/// API tokens in a Secret of a real API server.
@Suite(.enabled(if: TestCluster.kubeconfig != nil, "F2S_TEST_KUBECONFIG names an API server"))
struct TokenStoreTests {
    private static func token(_ number: Int) throws -> APIToken {
        try APIToken(
            id: "\(100_000_000_000 + number)", name: "token-\(number)", groups: ["team"],
            digest: [UInt8](repeating: 7, count: 32), created: 1000, expires: 4_000_000_000)
    }

    private func secret(_ namespace: String) throws -> String {
        try TestCluster.kubectl("get", "secret", "f2s-tokens", "--namespace", namespace, "--output", "json")
    }

    /// Runs two processes of one installation.
    private func withTwo(
        _ body: @escaping @Sendable (_ one: RunningPlatform, _ other: RunningPlatform) async throws -> Void
    ) async throws {
        try await TestCluster.withNamespaces { own, containers in
            try await RunningPlatform.run(functions: own, containers: containers) { one in
                try await RunningPlatform.run(functions: own, containers: containers, pod: "f2s-test-b") { other in
                    try await body(one, other)
                }
            }
        }
    }

    @Test func `a token that one process adds or removes is known to the other within seconds`() async throws {
        try await withTwo { one, other in
            let token = try Self.token(1)
            let (mine, theirs) = (one.kubernetes.apiTokens, other.kubernetes.apiTokens)
            try await mine.add(token)
            #expect(mine.tokens.current == APITokenSet([token]))
            try await other.promptly("the other process knows the token", bar: .seconds(1)) {
                theirs.tokens.current == APITokenSet([token])
            }
            try await theirs.remove(id: token.id)
            #expect(theirs.tokens.current == APITokenSet())
            try await one.promptly("the first process refuses the token", bar: .seconds(1)) {
                mine.tokens.current == APITokenSet()
            }
            let stored = try secret(one.options.namespace)
            #expect(!stored.contains(token.id))
        }
    }

    @Test func `changes of two processes at once are all stored`() async throws {
        try await withTwo { one, other in
            let tokens = try (1...10).map { try Self.token($0) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, token) in tokens.enumerated() {
                    let store = index.isMultiple(of: 2) ? one.kubernetes.apiTokens : other.kubernetes.apiTokens
                    group.addTask { try await store.add(token) }
                    // Two changes at a time, one per process.
                    if !index.isMultiple(of: 2) { try await group.waitForAll() }
                }
                try await group.waitForAll()
            }
            for running in [one, other] {
                try await running.eventually("every token is known") {
                    running.kubernetes.apiTokens.tokens.current == APITokenSet(tokens)
                }
            }
        }
    }

    @Test func `a token that is removed by hand, and a deleted Secret, are followed`() async throws {
        try await withTwo { one, other in
            let namespace = one.options.namespace
            let (first, second) = (try Self.token(1), try Self.token(2))
            for token in [first, second] { try await one.kubernetes.apiTokens.add(token) }
            let patch = "[{\"op\": \"remove\", \"path\": \"/data/\(first.id)\"}]"
            try TestCluster.kubectl(
                "patch", "secret", "f2s-tokens", "--namespace", namespace, "--type", "json", "--patch", patch)
            try await other.eventually("the other token is left") {
                other.kubernetes.apiTokens.tokens.current == APITokenSet([second])
            }
            try TestCluster.kubectl("delete", "secret", "f2s-tokens", "--namespace", namespace)
            for running in [one, other] {
                try await running.eventually("no token is left") {
                    running.kubernetes.apiTokens.tokens.current == APITokenSet()
                }
            }
            try await other.kubernetes.apiTokens.add(first)
            #expect(try secret(namespace).contains(first.id))
        }
    }
}
