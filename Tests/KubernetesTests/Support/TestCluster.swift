import F2SModel
import Foundation
import Logging
import Testing

@testable import F2SKubernetes

/// The API server that the tests use.
enum TestCluster {
    private static let environment = ProcessInfo.processInfo.environment
    /// `F2S_TEST_KUBECONFIG`; `nil` if there is no API server. Tests that need one are skipped then.
    static let kubeconfig = environment["F2S_TEST_KUBECONFIG"]
    /// True if the cluster has a node and pods run (`F2S_TEST_NODE=1`).
    static let hasNode = kubeconfig != nil && environment["F2S_TEST_NODE"] == "1"
    /// The image of a function that serves on `$PORT`.
    static let functionImage = environment["F2S_TEST_FUNCTION_IMAGE"] ?? "f2s.local/function:1"
    /// The image of another version of that function.
    static let nextFunctionImage = environment["F2S_TEST_FUNCTION_IMAGE_NEXT"] ?? "f2s.local/function:2"

    /// Runs kubectl and returns what it printed.
    @discardableResult
    static func kubectl(_ arguments: String...) throws -> String { try kubectl(arguments: arguments) }

    /// Runs kubectl and returns what it printed.
    @discardableResult
    static func kubectl(arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["kubectl", "--kubeconfig", try #require(kubeconfig)] + arguments
        let (output, errors) = (Foundation.Pipe(), Foundation.Pipe())
        (process.standardOutput, process.standardError) = (output, errors)
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let error = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "kubectl \(arguments.joined(separator: " ")): \(error)")
        return text
    }

    /// Installs the custom resource definition. It is applied once, because two concurrent runs of kubectl would fail.
    private static let definition = Result {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        try kubectl("apply", "--filename", root.appending(path: "deploy/crd-1.20.yaml").standardized.path)
        // `kubectl wait` fails while there are no conditions yet. That takes less time than a few starts of kubectl.
        let name = "crd/functions.f2s.opensight.ch"
        var attempts = 0
        while attempts < 20, try kubectl("get", name, "--output=jsonpath={.status.conditions}").isEmpty {
            attempts += 1
        }
        try kubectl("wait", "--for=condition=Established", name, "--timeout=30s")
    }

    /// Runs `body` with two new namespaces, one for functions and one for their containers, and deletes them
    /// afterwards.
    static func withNamespaces<Result>(
        _ body: (_ functions: String, _ containers: String) async throws -> Result
    ) async throws -> Result {
        try definition.get()
        let name = "f2s-test-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
        let namespaces = [name, "\(name)-run"]
        for namespace in namespaces { try kubectl("create", "namespace", namespace) }
        defer {
            for namespace in namespaces { _ = try? kubectl("delete", "namespace", namespace, "--wait=false") }
        }
        return try await body(namespaces[0], namespaces[1])
    }
}

/// A platform that runs during a test.
struct RunningPlatform: Sendable {
    let kubernetes: KubernetesPlatform
    let options: KubernetesOptions
    var platform: Platform { kubernetes.platform }

    /// Runs a platform on the test cluster until `body` has returned.
    static func run<Result: Sendable>(
        functions: String, containers: String, pod: String = "f2s-test-a",
        adjust: (inout KubernetesOptions) -> Void = { _ in },
        _ body: @escaping @Sendable (RunningPlatform) async throws -> Result
    ) async throws -> Result {
        var options = KubernetesOptions(
            namespace: functions, functionsNamespace: containers, podName: pod, podIP: "127.0.0.1", token: "t")
        options.requestTimeout = { .seconds(1) }
        // Long, so that a stalled API server on a busy machine does not end the leadership during a test.
        options.failover = .seconds(60)
        adjust(&options)
        let access = try ClusterAccess.load(kubeconfig: TestCluster.kubeconfig, environment: [:])
        var logger = Logger(label: "platform")
        logger.logLevel = ProcessInfo.processInfo.environment["F2S_TEST_LOG"] == nil ? .critical : .debug
        let kubernetes = KubernetesPlatform(access, options: options, logger: logger)
        let running = RunningPlatform(kubernetes: kubernetes, options: options)
        return try await withThrowingTaskGroup { group in
            group.addTask { () async throws -> Result? in
                try await kubernetes.run()
                return nil
            }
            group.addTask { () async throws -> Result? in
                await kubernetes.waitUntilLoaded()
                return try await body(running)
            }
            defer { group.cancelAll() }
            while let result = try await group.next() { if let result { return result } }
            throw CancellationError()
        }
    }

    /// Waits until `holds` returns true. Fails after `limit`.
    func eventually(
        _ promise: String, within limit: Duration = .seconds(20), _ holds: () async throws -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + limit
        // On a busy machine the time may be over before there was a chance to check again.
        var attempts = 0
        while ContinuousClock.now < deadline || attempts < 100 {
            attempts += 1
            if try await holds() { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("\(promise): not within \(limit)")
        throw CancellationError()
    }

    /// Waits until `holds` returns true and prints the time that it took. Fails only after five times `bar`, because
    /// the machine may be busy.
    func promptly(_ promise: String, bar: Duration, _ holds: () async throws -> Bool) async throws {
        let begun = ContinuousClock.now
        try await eventually(promise, within: bar * 5, holds)
        print("\(promise): after \(ContinuousClock.now - begun) (bar \(bar))")
    }

    /// Returns the functions that are declared now.
    func functions() async throws -> FunctionSnapshot {
        try await platform.functions.withSnapshots {
            for await snapshot in $0 { return snapshot }
            return FunctionSnapshot()
        }
    }

    /// Returns the replicas that run now.
    func replicas() async throws -> ReplicaSnapshot {
        try await platform.replicas.withReplicas {
            for await snapshot in $0 { return snapshot }
            return ReplicaSnapshot()
        }
    }

    /// Returns a draft in the platform's own namespace.
    func draft(_ name: String, _ target: Target = Target(image: TestCluster.functionImage)) throws -> FunctionDraft {
        try FunctionDraft(
            name: FunctionName(name), namespace: options.namespace, route: Route("/" + name), target: target)
    }
}
