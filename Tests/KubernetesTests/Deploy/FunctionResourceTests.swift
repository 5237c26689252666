import F2SManifest
import F2SModel
import Logging
import Testing

@testable import F2SKubernetes

/// Functions on a real API server with the schema of `deploy/crd.yaml`.
@Suite(.enabled(if: TestCluster.kubeconfig != nil, "F2S_TEST_KUBECONFIG names an API server"))
struct FunctionResourceTests {
    /// Manifests as users write them for the published model: all of its fields, quotes, a missing slash, any letter
    /// case.
    static let published = [
        """
        apiVersion: "f2s.opensight.ch/v1alpha1"
        kind: "Function"
        metadata:
          name: "nodejs-nonblocking"
          namespace: "f2s"
        spec:
          endpoint: "/nodejs-nonblocking"
          method: "GET"
          description: |
            Takes many requests at once.
        target:
          containerImage: "registry.example/nodejs"
          endpoint: "/"
          port: 9092
          minReplicas: 0
          maxReplicas: 5
        """,
        """
        apiVersion: f2s.opensight.ch/v1alpha1
        kind: Function
        metadata: {name: published-hello}
        spec: {endpoint: hello, method: get, description: no slash and lower case}
        target: {containerImage: "hello:1", endpoint: blocking, port: 80, minReplicas: 1, maxReplicas: 1}
        """,
    ]

    /// Invalid parts of `spec` and `target`, and the field that the API server must name.
    static let refused: [(spec: JSONValue, target: JSONValue, field: String)] = [
        ([:], ["containerImage": "a"], "spec.endpoint"),
        (["endpoint": ""], [:], "spec.endpoint"), (["endpoint": "/a//b"], [:], "spec.endpoint"),
        (["endpoint": "/a/../b"], [:], "spec.endpoint"), (["endpoint": "/a b"], [:], "spec.endpoint"),
        (["endpoint": "/", "method": "FETCH"], [:], "spec.method"),
        (["endpoint": "/", "method": "GET\n"], [:], "spec.method"),
        (["endpoint": "/"], ["containerImage": "a b"], "target.containerImage"),
        (["endpoint": "/"], ["containerImage": "a\n"], "target.containerImage"),
        (["endpoint": "/"], ["command": []], "target.command"),
        (["endpoint": "/"], ["port": 0], "target.port"), (["endpoint": "/"], ["port": 65_536], "target.port"),
        (["endpoint": "/"], ["port": "http"], "target.port"),
        (["endpoint": "/"], ["endpoint": "/a?b"], "target.endpoint"),
        (["endpoint": "/"], ["minReplicas": -1], "target.minReplicas"),
        (["endpoint": "/"], ["maxReplicas": 0], "target.maxReplicas"),
        (["endpoint": "/"], ["maxReplicas": 1001], "target.maxReplicas"),
        (["endpoint": "/"], ["concurrency": 0], "target.concurrency"),
        (["endpoint": "/"], ["env": ["A": 1]], "target.env"),
        (["endpoint": "/"], ["secrets": ["A"]], "target.secrets"),
        // The API server names no index here.
        (["endpoint": "/"], ["envFrom": [["configMap": "A"]]], "target.envFrom.configMap"),
        (["endpoint": "/"], ["envFrom": [["secret": "a"], ["optional": true]]], "target.envFrom"),
        (["endpoint": "/"], ["envFrom": [["configMap": "a", "secret": "a"]]], "target.envFrom"),
        (["endpoint": "/"], ["envFrom": [["secret": "a", "optional": "yes"]]], "target.envFrom.optional"),
        (["endpoint": "/"], ["resources": ["cpu": "0"]], "target.resources.cpu"),
        (["endpoint": "/"], ["resources": ["cpu": 0]], "target.resources.cpu"),
        (["endpoint": "/"], ["resources": ["memory": "1gi"]], "target.resources.memory"),
        (["endpoint": "/"], ["readinessProbe": [:]], "target.readinessProbe.path"),
        (["endpoint": "/"], ["timeout": "30"], "target.timeout"),
        (["endpoint": "/"], ["scaling": ["targetConcurrency": 0]], "target.scaling.targetConcurrency"),
        (["endpoint": "/"], ["scaling": ["idle": "1d"]], "target.scaling.idle"),
        (["endpoint": "/"], ["limits": ["rate": 0]], "target.limits.rate"),
        (["endpoint": "/"], ["limits": ["inFlight": 0]], "target.limits.inFlight"),
        (["endpoint": "/"], ["containerImage": "a", "limits": ["burst": 5]], "target.limits"),
        (["endpoint": "/"], ["containerImage": "a", "limits": ["queued": 0]], "target"),
        (["endpoint": "/"], ["port": 80], "target"),
    ]

    @Test func `the API server accepts the examples and manifests of the published model, and adds defaults`()
        async throws
    {
        try await withNamespace { client, namespace in
            let examples = try DeployFile.examples().map { String(decoding: try DeployFile.bytes($0), as: UTF8.self) }
            #expect(examples.count > 3)
            for text in examples + Self.published {
                for document in try YAMLReader().documents(Array(text.utf8)).map({ try $0.get() }) {
                    var object = JSONValue(document)
                    object["metadata"]?["namespace"] = .string(namespace)
                    let stored: JSONValue = try await client.create(.functions, namespace, object)
                    let target = try #require(stored["target"])
                    #expect(target["port"]?.integerValue ?? 0 > 0 && target["maxReplicas"]?.integerValue ?? 0 > 0)
                    // F2S reads the same function from the API server as from the file.
                    let read = ManifestReader().read(stored.encoded(), location: "stored").documents.first?.draft
                    var meant = ManifestReader().read(Array(text.utf8), location: "file").documents.first?.draft
                    meant?.namespace = namespace
                    #expect(read != nil && read == meant)
                }
            }
        }
    }

    @Test func `the API server rejects what the model rejects, and names the field`() async throws {
        try await withNamespace { client, namespace in
            for (number, (spec, target, field)) in Self.refused.enumerated() {
                let object: JSONValue = [
                    "apiVersion": "f2s.opensight.ch/v1alpha1", "kind": "Function",
                    "metadata": ["name": .string("refused-\(number)")], "spec": spec, "target": target,
                ]
                do {
                    let _: JSONValue = try await client.create(.functions, namespace, object)
                    Issue.record("\(spec) \(target) was accepted")
                } catch let error as KubernetesError {
                    #expect("\(error)".contains(field), "\(error)")
                }
            }
            let dotted: JSONValue = [
                "apiVersion": "f2s.opensight.ch/v1alpha1", "kind": "Function", "metadata": ["name": "a.b"],
                "spec": ["endpoint": "/"], "target": ["containerImage": "a"],
            ]
            await #expect(throws: KubernetesError.self) {
                let _: JSONValue = try await client.create(.functions, namespace, dotted)
            }
        }
    }

    @Test func `the API server rejects what its schema can express, and leaves the rest to rules and the status`()
        async throws
    {
        try await withNamespace { client, namespace in
            for (number, sample) in FunctionRuleTests.samples.enumerated() {
                let object: JSONValue = [
                    "apiVersion": "f2s.opensight.ch/v1alpha1", "kind": "Function",
                    "metadata": ["name": .string("sample-\(number)")], "spec": ["endpoint": "/a"],
                    "target": try JSONValue(decoding: Array(sample.target.utf8)),
                ]
                let created: JSONValue? = try? await client.create(.functions, namespace, object)
                #expect((created == nil) == (sample.verdict == .schema), "\(sample.target)")
            }
        }
    }

    /// Runs `body` with a new namespace in which functions can be declared.
    private func withNamespace(_ body: (KubernetesClient, String) async throws -> Void) async throws {
        let access = try ClusterAccess.load(kubeconfig: TestCluster.kubeconfig, environment: [:])
        let client = KubernetesClient(access, logger: Logger(label: "test"))
        let namespace = "f2s-schema-" + String(UInt32.random(in: 0...UInt32.max), radix: 36)
        do {
            let definition = try #require(try DeployFile.documents("deploy/crd-1.20.yaml").first)
            _ = try await client.apply(
                ResourceType(
                    group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions",
                    kind: "CustomResourceDefinition"), nil, "functions.f2s.opensight.ch", JSONValue(definition),
                priority: .housekeeping)
            let object: JSONValue = [
                "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(namespace)],
            ]
            let _: JSONValue = try await client.create(.namespaces, nil, object)
            try await body(client, namespace)
        } catch {
            await end(client, namespace)
            throw error
        }
        await end(client, namespace)
    }

    private func end(_ client: KubernetesClient, _ namespace: String) async {
        try? await client.delete(.namespaces, nil, namespace, priority: .housekeeping)
        await client.shutdown()
    }
}

extension JSONValue {
    /// Converts a YAML value.
    init(_ node: YAMLNode) {
        switch node.content {
        case .map(let members):
            self = .object(Dictionary(uniqueKeysWithValues: members.map { ($0.key, JSONValue($0.value)) }))
        case .list(let elements): self = .array(elements.map { JSONValue($0) })
        case .scalar(let text, let isPlain):
            self =
                switch text {
                case _ where !isPlain: .string(text)
                case "true": .bool(true)
                case "false": .bool(false)
                case _ where node.isNull: .null
                default: Int64(text).map { .integer($0) } ?? Double(text).map { .number($0) } ?? .string(text)
                }
        }
    }
}
