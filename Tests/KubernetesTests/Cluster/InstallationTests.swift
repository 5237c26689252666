import F2SModel
import Logging
import Testing

@testable import F2SKubernetes

/// The properties of its installation that a process of F2S reads, on a real API server.
@Suite(.enabled(if: TestCluster.kubeconfig != nil, "F2S_TEST_KUBECONFIG names an API server"))
struct InstallationTests {
    private func read(_ namespace: String) async throws -> Installation {
        try await Installation.read(
            try ClusterAccess.load(kubeconfig: TestCluster.kubeconfig, environment: [:]), namespace: namespace,
            token: nil, drainAddress: nil, logger: Logger(label: "installation"))
    }

    @Test func `ten pods that start at once agree on a token, and a later pod reads the same one`() async throws {
        try await TestCluster.withNamespaces { namespace, _ in
            try TestCluster.kubectl("create", "secret", "generic", "f2s-internal", "--namespace", namespace)
            let tokens = try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<10 { group.addTask { try await read(namespace).token } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let token = try #require(tokens.first ?? nil)
            #expect(token.count == 64 && tokens.allSatisfy { $0 == token })
            #expect(try await read(namespace).token == token)
        }
    }

    @Test func `the address of the internal Service is read, and the token does not need the Service`() async throws {
        try await TestCluster.withNamespaces { namespace, _ in
            let without = try await read(namespace)
            #expect(without.token?.count == 64 && without.drainAddress == nil)
            try TestCluster.kubectl(
                "create", "service", "clusterip", "f2s-internal", "--tcp=8082:8082", "--namespace", namespace)
            let address = try #require(try await read(namespace).drainAddress)
            let shown = try TestCluster.kubectl(
                "get", "service", "f2s-internal", "--namespace", namespace, "--output", "jsonpath={.spec.clusterIP}")
            #expect(address.ip == shown && address.port == 8082)
        }
    }
}
