import F2SModel
import Testing

@Suite struct ValidationTests {
    private func draft(_ change: (inout Target) -> Void) throws -> FunctionDraft {
        var target = Target(image: "hello:1")
        change(&target)
        return FunctionDraft(name: try FunctionName("hello"), route: try Route("/hello"), target: target)
    }

    private struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let field: String?
        let change: @Sendable (inout Target) -> Void

        init(_ description: String, _ field: String?, _ change: @escaping @Sendable (inout Target) -> Void) {
            testDescription = description
            self.field = field
            self.change = change
        }
    }

    private static func sources(_ count: Int) -> [Target.EnvironmentSource] {
        (0..<count).compactMap { try? Target.EnvironmentSource(.configMap, "c\($0)") }
    }

    private static let cases: [Case] = [
        Case("the defaults", nil) { _ in },
        Case("nothing to run", "target.containerImage") { $0.image = nil },
        Case("a command alone", nil) { ($0.image, $0.command) = (nil, ["hello"]) },
        Case("an empty image", "target.containerImage") { $0.image = "" },
        Case("a space in the image", "target.containerImage") { $0.image = "a b" },
        Case("an image of 1024 bytes", nil) { $0.image = String(repeating: "a", count: 1024) },
        Case("an image of 1025 bytes", "target.containerImage") { $0.image = String(repeating: "a", count: 1025) },
        Case("an empty command", "target.command") { $0.command = [] },
        Case("an empty program", "target.command") { $0.command = ["", "a"] },
        Case("an empty argument", nil) { $0.command = ["a", ""] },
        Case("a zero byte in an argument", "target.command") { $0.command = ["a", "b\0"] },
        Case("replicas below zero", "target.minReplicas") { $0.minReplicas = -1 },
        Case("no replicas at most", "target.maxReplicas") { ($0.minReplicas, $0.maxReplicas) = (0, 0) },
        Case("1000 replicas", nil) { ($0.minReplicas, $0.maxReplicas) = (1000, 1000) },
        Case("1001 replicas", "target.maxReplicas") { $0.maxReplicas = 1001 },
        Case("more at least than at most", "target.minReplicas") { ($0.minReplicas, $0.maxReplicas) = (3, 2) },
        Case("port 0", "target.port") { $0.port = 0 },
        Case("port 65535", nil) { $0.port = 65_535 },
        Case("port 65536", "target.port") { $0.port = 65_536 },
        Case("concurrency 0", "target.concurrency") { $0.concurrency = 0 },
        Case("concurrency 100000", nil) { $0.concurrency = 100_000 },
        Case("concurrency 100001", "target.concurrency") { $0.concurrency = 100_001 },
        Case("a target concurrency of 0", "target.scaling.targetConcurrency") { $0.scaling.targetConcurrency = 0 },
        Case("a target concurrency of 0.1", nil) { $0.scaling.targetConcurrency = 0.1 },
        Case("a target concurrency that is no number", "target.scaling.targetConcurrency") {
            $0.scaling.targetConcurrency = .nan
        },
        Case("an endless target concurrency", "target.scaling.targetConcurrency") {
            $0.scaling.targetConcurrency = .infinity
        },
        Case("a variable with '.', '-' and '_'", nil) { $0.environment = ["_a.B-1": ""] },
        Case("a variable without a name", "target.env.") { $0.environment = ["": "x"] },
        Case("a variable that begins with a digit", "target.env.1A") { $0.environment = ["1A": "x"] },
        Case("a variable with '='", "target.env.A=B") { $0.environment = ["A=B": "x"] },
        Case("a variable with a zero byte", "target.env.A") { $0.environment = ["A": "\0"] },
        Case("256 variables", nil) {
            $0.environment = Dictionary(uniqueKeysWithValues: (0..<256).map { ("A\($0)", "") })
        },
        Case("257 variables", "target.env") {
            $0.environment = Dictionary(uniqueKeysWithValues: (0..<257).map { ("A\($0)", "") })
        },
        Case("a Secret in capitals", "target.secrets") { $0.secrets = ["good", "BAD"] },
        Case("32 environment sources", nil) { $0.environmentSources = sources(32) },
        Case("33 environment sources", "target.envFrom") { $0.environmentSources = sources(33) },
        Case("no time at all", "target.timeout") { $0.timeout = .zero },
        Case("less than a second to start", "target.startTimeout") { $0.startTimeout = .milliseconds(999) },
        Case("an hour to start", nil) { $0.startTimeout = .seconds(3600) },
        Case("over an hour to start", "target.startTimeout") { $0.startTimeout = .milliseconds(3_600_001) },
        Case("no time for the probe", "target.readinessProbe.timeout") {
            $0.readinessProbe = ReadinessProbe(path: "/", timeout: .milliseconds(99))
        },
        Case("five minutes for the probe", nil) {
            $0.readinessProbe = ReadinessProbe(path: "/", timeout: .seconds(300))
        },
        Case("no time to drain", nil) { $0.drainTimeout = .zero },
        Case("over a day to drain", "target.drainTimeout") { $0.drainTimeout = .milliseconds(86_400_001) },
        Case("a day", nil) { $0.timeout = .seconds(86_400) },
        Case("over a day", "target.timeout") { $0.timeout = .milliseconds(86_400_001) },
        Case("idle for less than a second", "target.scaling.idle") { $0.scaling.idle = .milliseconds(999) },
        Case("a window of five seconds", "target.scaling.window") { $0.scaling.window = .seconds(5) },
        Case("a window of an hour", nil) { $0.scaling.window = .seconds(3600) },
        Case("a path without a slash", "target.endpoint") { $0.path = "a" },
        Case("no path", "target.endpoint") { $0.path = "" },
        Case("a path with a query", "target.endpoint") { $0.path = "/a?b" },
        Case("a path with a space", "target.endpoint") { $0.path = "/a b" },
        Case("a path with a line end", "target.endpoint") { $0.path = "/a\r\nX: y" },
        Case("a probe without a path", "target.readinessProbe.path") { $0.readinessProbe = ReadinessProbe(path: "") },
        Case("nothing in flight", "target.limits.inFlight") { $0.limits.inFlight = 0 },
        Case("a million in flight", nil) { $0.limits.inFlight = 1_000_000 },
        Case("over a million in flight", "target.limits.inFlight") { $0.limits.inFlight = 1_000_001 },
        Case("fewer than none waiting", "target.limits.queued") { $0.limits.queued = -1 },
        Case("one waiting", nil) { $0.limits.queued = 1 },
        Case("over a million waiting", "target.limits.queued") { $0.limits.queued = 1_000_001 },
        Case("none waiting, and no replica always there", "target.limits.queued") { $0.limits.queued = 0 },
        Case("none waiting, and a replica always there", nil) { ($0.limits.queued, $0.minReplicas) = (0, 1) },
        Case("no rate at all", "target.limits.rate") { $0.limits.rate = 0 },
        Case("a negative rate", "target.limits.rate") { $0.limits.rate = -1 },
        Case("a rate that is no number", "target.limits.rate") { $0.limits.rate = .nan },
        Case("an endless rate", "target.limits.rate") { $0.limits.rate = .infinity },
        Case("one in ten thousand seconds", nil) { $0.limits.rate = 0.0001 },
        Case("one in twenty thousand seconds", "target.limits.rate") { $0.limits.rate = 0.00005 },
        Case("a million per second", nil) { $0.limits.rate = 1_000_000 },
        Case("over a million per second", "target.limits.rate") { $0.limits.rate = 1_000_001 },
        Case("an empty burst", "target.limits.burst") { ($0.limits.rate, $0.limits.burst) = (1, 0) },
        Case("a burst of a million", nil) { ($0.limits.rate, $0.limits.burst) = (1, 1_000_000) },
        Case("a burst of over a million", "target.limits.burst") { ($0.limits.rate, $0.limits.burst) = (1, 1_000_001) },
        Case("a burst without a rate", "target.limits.burst") { $0.limits.burst = 1 },
        Case("a probe", nil) { $0.readinessProbe = ReadinessProbe(path: "/ready") },
    ]

    @Test(arguments: cases)
    private func `a draft is rejected for exactly the field that is invalid`(of wrong: Case) throws {
        #expect(try draft(wrong.change).fieldErrors().map(\.field) == (wrong.field.map { [$0] } ?? []))
    }

    @Test func `all errors of a draft are reported at once`() throws {
        let errors = try draft {
            $0.port = 0
            $0.minReplicas = -1
            $0.timeout = .seconds(-1)
        }.fieldErrors()
        #expect(
            errors.map(\.description) == [
                #"target.minReplicas is "-1": it must be between 0 and 1000"#,
                #"target.port is "0": it must be between 1 and 65535"#,
                #"target.timeout is "-1s": it must be between 1ms and 24h"#,
            ])
    }

    @Test(arguments: ["a", "0", "a-b", "9a", String(repeating: "a", count: 63)])
    func `a DNS-1123 label is a valid function name`(name: String) throws {
        #expect(try FunctionName(name).text == name)
    }

    @Test(arguments: [
        "", "-a", "a-", "A", "a_b", "a.b", "a/b", "../a", "a\0", "ä", "a ", String(repeating: "a", count: 64),
    ])
    func `a text that is not a DNS-1123 label is rejected`(name: String) {
        let error = #expect(throws: FieldError.self) { try FunctionName(name) }
        #expect(error?.field == "metadata.name")
    }

    @Test(arguments: Target.EnvironmentSource.Kind.allCases)
    func `an environment source has the name of a Kubernetes object`(kind: Target.EnvironmentSource.Kind) throws {
        for name in ["a", "0", "a.b-c", String(repeating: "a", count: 253)] {
            #expect(try Target.EnvironmentSource(kind, name).name == name)
        }
        for name in ["", "A", "a_b", "-a", "a-", "a..b", ".a", "a b", "ä", String(repeating: "a", count: 254)] {
            let error = #expect(throws: FieldError.self) { try Target.EnvironmentSource(kind, name) }
            #expect(error?.field == "target.envFrom")
        }
    }

    @Test(arguments: Function.Method.allCases)
    func `a method is accepted in any letter case`(method: Function.Method) throws {
        #expect(try Function.Method(method.rawValue.lowercased()) == method)
        #expect(try Function.Method(method.rawValue) == method)
    }

    @Test(arguments: ["", "FETCH", "GET ", "CONNECT", "*"])
    func `the error for an unknown method lists the known ones`(text: String) {
        let error = #expect(throws: FieldError.self) { try Function.Method(text) }
        #expect(error?.requirement.contains("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE") == true)
    }

    @Test func `a long value is shortened in an error`() {
        let error = FieldError(field: "f", value: String(repeating: "x", count: 1000), requirement: "be short")
        #expect(error.value?.count == 80)
        #expect(
            FieldError(field: "f", value: nil, requirement: "be there").description
                == "f is missing: it must be there")
    }

    @Test(arguments: [(4096, true), (4097, false)])
    func `a description may have at most 4 KiB`(bytes: Int, isAccepted: Bool) throws {
        var draft = try draft { _ in }
        // The letter é has two bytes.
        draft.summary = String(repeating: "é", count: bytes / 2) + String(repeating: "a", count: bytes % 2)
        #expect(draft.fieldErrors().map(\.field) == (isAccepted ? [] : ["spec.description"]))
    }
}
