import F2SModel
import Testing

@testable import F2SKubernetes

/// Functions in other namespaces, on a real API server.
@Suite(.enabled(if: TestCluster.kubeconfig != nil, "F2S_TEST_KUBECONFIG names an API server"))
struct StrayTests {
    @Test func `a Function that no installation serves gets an Event, and one of another installation gets none`()
        async throws
    {
        try await TestCluster.withNamespaces { other, own in
            try await RunningPlatform.run(
                functions: own, containers: own, adjust: { $0.strayGracePeriod = .seconds(2) }
            ) { running in
                try await running.eventually("this process leads") { running.platform.election.isLeader }
                let client = KubernetesClient(
                    try ClusterAccess.load(kubeconfig: TestCluster.kubeconfig, environment: [:]), logger: .silent)
                for name in ["alone", "served"] {
                    _ = try await client.create(
                        .functions, other,
                        [
                            "apiVersion": "f2s.opensight.ch/v1alpha1", "kind": "Function",
                            "metadata": ["name": .string(name)], "spec": ["endpoint": .string("/\(name)")],
                            "target": ["containerImage": "i"],
                        ])
                }
                let condition: JSONValue = ["type": "Ready", "status": "True"]
                _ = try await client.merge(
                    .functions, other, "served", subresource: "status", ["status": ["conditions": [condition]]])
                func events(_ name: String) throws -> String {
                    try TestCluster.kubectl(
                        "get", "events", "--namespace", other, "--field-selector", "involvedObject.name=\(name)",
                        "--output", "jsonpath={.items[*].reason} {.items[*].message}")
                }
                try await running.eventually("the Event is written") { try events("alone").hasPrefix("NotServed ") }
                #expect(try events("alone").contains("namespace \(own)"))
                let described = try TestCluster.kubectl("describe", "f2sfn", "alone", "--namespace", other)
                #expect(described.contains("NotServed"))
                #expect(try !events("served").contains("NotServed"))
                await client.shutdown()
            }
        }
    }
}
