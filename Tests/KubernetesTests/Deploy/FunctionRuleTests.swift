import F2SManifest
import F2SModel
import Foundation
import Testing

@testable import F2SKubernetes

/// Declarations whose fields are valid alone but not together, or not within their range. The API server's schema, its
/// CEL rules and F2S's own reader must agree on each.
@Suite struct FunctionRuleTests {
    /// The first check that rejects a declaration.
    enum Verdict: Sendable {
        case accepted
        /// The schema, on all supported versions of Kubernetes.
        case schema
        /// A CEL rule from Kubernetes 1.25 on, and F2S in the status on older versions.
        case rule
        /// F2S alone, in the status.
        case status
    }

    struct Sample: Sendable, CustomTestStringConvertible {
        /// `target` as JSON.
        let target: String
        let verdict: Verdict
        var testDescription: String { target }

        init(_ verdict: Verdict, _ target: String) {
            self.target = target
            self.verdict = verdict
        }
    }

    static let samples = [
        Sample(.accepted, #"{"containerImage":"a"}"#), Sample(.accepted, #"{"command":["a"]}"#),
        Sample(.accepted, #"{"containerImage":"a","command":["a"]}"#), Sample(.schema, #"{"port":80}"#),
        Sample(.accepted, #"{"containerImage":"a","minReplicas":2,"maxReplicas":2}"#),
        Sample(.accepted, #"{"containerImage":"a","minReplicas":5}"#),
        Sample(.rule, #"{"containerImage":"a","minReplicas":6}"#),
        Sample(.rule, #"{"containerImage":"a","minReplicas":3,"maxReplicas":2}"#),
        Sample(.accepted, #"{"containerImage":"a","timeout":"1ms","drainTimeout":"0s"}"#),
        Sample(.accepted, #"{"containerImage":"a","timeout":"24h","drainTimeout":"24h"}"#),
        Sample(.accepted, #"{"containerImage":"a","timeout":"1.h","drainTimeout":".5h1m1h"}"#),
        Sample(.rule, #"{"containerImage":"a","timeout":"0s"}"#),
        Sample(.rule, #"{"containerImage":"a","timeout":"0.6ms"}"#),
        Sample(.rule, #"{"containerImage":"a","timeout":"24h1ms"}"#),
        Sample(.rule, #"{"containerImage":"a","timeout":"99999999999h"}"#),
        Sample(.rule, #"{"containerImage":"a","drainTimeout":"1441m"}"#),
        Sample(.schema, #"{"containerImage":"a","timeout":"-1s"}"#),
        Sample(.accepted, #"{"containerImage":"a","startTimeout":"1h","readinessProbe":{"path":"/","timeout":"5m"}}"#),
        Sample(.rule, #"{"containerImage":"a","startTimeout":"999ms"}"#),
        Sample(.rule, #"{"containerImage":"a","startTimeout":"61m"}"#),
        Sample(.rule, #"{"containerImage":"a","readinessProbe":{"path":"/","timeout":"99ms"}}"#),
        Sample(.rule, #"{"containerImage":"a","readinessProbe":{"path":"/","timeout":"301s"}}"#),
        Sample(.accepted, #"{"containerImage":"a","scaling":{"idle":"1s","window":"6s"}}"#),
        Sample(.accepted, #"{"containerImage":"a","scaling":{"idle":"24h","window":"1h"}}"#),
        Sample(.rule, #"{"containerImage":"a","scaling":{"idle":"999ms"}}"#),
        Sample(.rule, #"{"containerImage":"a","scaling":{"idle":"25h"}}"#),
        Sample(.rule, #"{"containerImage":"a","scaling":{"window":"5.9s"}}"#),
        Sample(.rule, #"{"containerImage":"a","scaling":{"window":"1h1s"}}"#),
        Sample(.accepted, #"{"containerImage":"a","limits":{"rate":1,"burst":5}}"#),
        Sample(.schema, #"{"containerImage":"a","limits":{"burst":5}}"#),
        Sample(.accepted, #"{"containerImage":"a","limits":{"queued":1}}"#),
        Sample(.accepted, #"{"containerImage":"a","minReplicas":1,"limits":{"queued":0}}"#),
        Sample(.schema, #"{"containerImage":"a","limits":{"queued":0}}"#),
        Sample(.accepted, #"{"containerImage":"a","envFrom":[{"configMap":"a"},{"secret":"a","optional":true}]}"#),
        Sample(.schema, #"{"containerImage":"a","envFrom":[{"optional":true}]}"#),
        Sample(.schema, #"{"containerImage":"a","envFrom":[{"configMap":"a","secret":"a"}]}"#),
        Sample(.status, #"{"containerImage":"a","env":{"1A":"x"}}"#),
        Sample(.status, #"{"containerImage":"a","env":{"A=B":"x"}}"#),
        Sample(.accepted, #"{"containerImage":"a","env":{"A.b-C_1":"x"}}"#),
        Sample(.status, #"{"command":[""]}"#),
    ]

    @Test(arguments: samples)
    func `F2S rejects what the API server rejects, and what a schema cannot express`(_ sample: Sample) throws {
        let reading = FunctionResource.read(
            name: "a", namespace: "f2s", spec: ["endpoint": "/a"],
            target: try JSONValue(decoding: Array(sample.target.utf8)))
        if case .declared = reading {
            #expect(sample.verdict == .accepted)
        } else {
            #expect(sample.verdict != .accepted)
        }
    }

    @Test func `the CEL rules reject exactly the samples that the table marks`() throws {
        let schema = try FunctionSchema()
        var cases: [(sample: Sample, line: JSONValue)] = []
        for sample in Self.samples where sample.verdict != .schema {
            // The API server adds defaults before it evaluates rules.
            var target = try JSONValue(decoding: Array(sample.target.utf8))
            for (field, value) in [("minReplicas", 0), ("maxReplicas", 5)] where target[field] == nil {
                target[field] = JSONValue(value)
            }
            for (path, rule) in try Self.rules(of: schema) {
                let value = path.split(separator: ".").dropFirst().reduce(target as JSONValue?) { $0?[String($1)] }
                if let value { cases.append((sample, ["rule": .string(rule), "self": value])) }
            }
        }
        let answers = try #require(try Self.evaluate(cases.map(\.line)), "scripts/cel needs PyPI's cel-python")
        try #require(answers.count == cases.count)
        var refused: Set<String> = []
        for (entry, answer) in zip(cases, answers) where answer != "true" { refused.insert(entry.sample.target) }
        let expected = Self.samples.filter { $0.verdict == .rule }.map(\.target)
        #expect(refused == Set(expected))
    }

    /// Returns the rules with the paths of their fields.
    private static func rules(of schema: FunctionSchema) throws -> [(path: String, rule: String)] {
        let found = schema.paths(below: ["spec", "target"]).flatMap { path in
            (schema.field(path)?["x-kubernetes-validations"]?.elements ?? []).map { (path, $0["rule"]?.text ?? "") }
        }
        try #require(found.count == 7)
        return found
    }

    /// Returns the result of CEL for each line, or `nil` if CEL is not available.
    private static func evaluate(_ lines: [JSONValue]) throws -> [String]? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "\(try DeployFile.root())/scripts/cel")
        let input = FileManager.default.temporaryDirectory.appending(path: "f2s-cel-\(UUID().uuidString)")
        try Data(lines.map { String(decoding: $0.encoded(), as: UTF8.self) + "\n" }.joined().utf8).write(to: input)
        defer { try? FileManager.default.removeItem(at: input) }
        let output = Foundation.Pipe()
        process.standardInput = try FileHandle(forReadingFrom: input)
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        if process.terminationStatus == 69 { return nil }
        try #require(process.terminationStatus == 0)
        return text.split(separator: "\n").map(String.init)
    }
}
