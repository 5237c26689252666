import F2SMetrics
import F2SModel
import FoundationEssentials
import Synchronization
import TestSupport
import Testing

@testable import F2SAPIServer

@Suite struct ViewTests {
    private static let hello = Function.ID("memory-hello")

    private let explanation = ScaleExplanation(
        function: "hello", desired: 2, replicas: 2, ready: 1, reason: "Load", message: "Two are wanted.",
        stableConcurrency: 1.5, panicConcurrency: 2, isPanicking: false, time: 7)
    private let startFailure = StartFailure(
        stage: .start, reason: "ExitedAtStart", message: "It exited with status 3.", exitStatus: 3, logTail: ["boom"],
        revision: Revision(text: "r"), attempts: 2, nextAttempt: 9, retryAfterSeconds: 1)

    @Test func `the diagnosis contains the decision, the conditions, the failure and the replicas`() async throws {
        try await TestServer.with(.init(functions: [.sample("hello")])) { server in
            let function = try #require(server.memory.functions.current.functions.first)
            try await server.memory.replicas.apply(function, .fixed(2), retiring: [])
            server.memory.replicas.setStartFailure(startFailure, of: Self.hello)
            server.operatorInspector.explanations.withLock { $0[Self.hello] = explanation }
            let condition = Condition(.startFailed, isTrue: true, reason: "Exited", message: "No.", since: 5)
            try await server.memory.functions.setStatus(FunctionStatus(conditions: [condition]), of: Self.hello)
            let answer = try await server.send("GET", "/functions/hello/why")
            let why = try JSONDecoder().decode(FunctionDiagnosis.self, from: Data(answer.body.utf8))
            #expect(why.function == "hello")
            // The URL has the host that the client used, whatever address F2S listens on.
            #expect(why.url == "http://localhost/invoke/hello")
            #expect(why.summary == startFailure.message)
            #expect(why.scale == explanation)
            #expect(why.conditions == [condition])
            #expect(why.startFailure == startFailure)
            #expect(why.load?.queued == 2)
            #expect(why.replicas.map(\.state) == [.ready, .ready])
            #expect(why.replicas.allSatisfy { $0.isCurrent && $0.address == "127.0.0.1:9" })
            #expect(try await server.send("GET", "/functions/nobody/why").status == 404)
        }
    }

    @Test func `the diagnosis contains the last decisions that changed the number, as far as they are known`()
        async throws
    {
        try await TestServer.with(.init(functions: [.sample("hello")])) { server in
            server.operatorInspector.explanations.withLock { $0[Self.hello] = explanation }
            let unknown = try await server.send("GET", "/functions/hello/why").json
            #expect(unknown["scale"]?["desired"] == 2 && unknown["decisions"] == nil)
            let change = ScaleChange(time: 7, from: 0, to: 2, reason: "Queue", message: "two invocations wait.")
            server.operatorInspector.explanations.withLock { $0[Self.hello]?.changes = [change] }
            let known = try await server.send("GET", "/functions/hello/why").json
            #expect(
                known["decisions"] == [
                    [
                        "time": "1970-01-01T00:00:07.000Z", "from": 0, "to": 2, "reason": "Queue",
                        "message": "two invocations wait.",
                    ]
                ])
            #expect(known["scale"] == unknown["scale"])
        }
    }

    @Test func `deployments, services and endpoints are listed per function`() async throws {
        try await TestServer.with(.init(functions: [.sample("hello"), .sample("calm", route: "/a/b")])) { server in
            let function = try #require(server.memory.functions.current.functions.first)
            try await server.memory.replicas.apply(function, .fixed(3), retiring: [])
            let replicas = server.memory.replicas.current.replicas
            server.memory.replicas.set(.draining, of: replicas[0].id)
            server.operatorInspector.explanations.withLock { $0[Self.hello] = explanation }
            try await waitForCatalog(server, count: 2)
            let deployments = try await items(server, "/deployments")
            #expect(deployments.map { $0["function"]?.text } == ["calm", "hello"])
            #expect(deployments.last?["desired"] == 2 && deployments.last?["ready"] == 2)
            #expect(deployments.last?["replicas"] == 3 && deployments.last?["draining"] == 1)
            #expect(deployments.last?["revision"]?.text == function.revision.text)
            let services = try await items(server, "/services")
            #expect(services.first?["url"] == "http://localhost/invoke/a/b")
            #expect(services.first?["method"] == "GET")
            let endpoints = try await items(server, "/endpoints")
            #expect(endpoints.first?["addresses"] == [])
            #expect(endpoints.last?["addresses"] == ["127.0.0.1:9", "127.0.0.1:9"])
            #expect(endpoints.last?["notReadyAddresses"] == ["127.0.0.1:9"])
        }
    }

    @Test func `F2S shows its own state`() async throws {
        try await TestServer.with(.init(functions: [.sample("hello")])) { server in
            server.memory.functions.setRejections([.init(location: "bad.yaml", line: 3, column: 1, message: "no")])
            server.memory.replicas.setStartFailure(startFailure, of: Self.hello)
            server.operatorInspector.explanations.withLock { $0[Self.hello] = explanation }
            try await waitForCatalog(server, count: 1)
            let dispatcher = try await server.send("GET", "/dispatcher").json
            #expect(dispatcher["functions"]?["hello"]?["queued"] == 2)
            #expect(dispatcher["connections"] == 3)
            let autoscaler = try await server.send("GET", "/operator").json
            #expect(autoscaler["isLeader"] == true)
            #expect(autoscaler["functions"]?.items.first?["message"] == "Two are wanted.")
            #expect(autoscaler["startFailures"]?["hello"]?["reason"] == "ExitedAtStart")
            let cluster = try await server.send("GET", "/cluster").json
            #expect(cluster["platform"] == "memory" && cluster["version"] == "1.2.3" && cluster["functions"] == 1)
            #expect(cluster["rejections"]?.items.first?["line"] == 3)
            #expect(cluster["inFlight"] == 1 && cluster["queued"] == 2)
            #expect(try await server.send("GET", "/health").json["status"] == "ok")
            #expect(try await server.send("GET", "/config").json.members.isEmpty == false)
        }
    }

    @Test func `the operations listener serves metrics and readiness only`() async throws {
        try await TestServer.with { server in
            server.metrics.counter("f2s_test_total", help: "A test.").add(3)
            let metrics = try await server.sendToOperations("GET", "/metrics")
            #expect(metrics.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(metrics.body.contains("f2s_test_total 3"))
            #expect(try await server.sendToOperations("GET", "/ready").status == 200)
            #expect(try await server.sendToOperations("GET", "/functions").status == 404)
            let refused = try await server.sendToOperations("POST", "/metrics")
            #expect(refused.status == 405 && refused.headers["allow"] == "GET, HEAD")
        }
        try await TestServer.with(.init(isReady: false)) { server in
            let answer = try await server.sendToOperations("GET", "/ready")
            #expect(answer.status == 503)
            #expect(answer.problem != nil && answer.headers["retry-after"] == "1")
        }
    }

    @Test func `the most important sentence comes first`() throws {
        let older = try function("older", route: "/same", age: 1)
        var newer = try function("newer", route: "/same", age: 2)
        newer.status.conditions = [Condition(.ready, isTrue: false, reason: "No", message: "Not ready.", since: 0)]
        func observed(_ functions: [Function], _ startFailures: [Function.ID: StartFailure] = [:]) -> Observation {
            Observation(
                catalog: FunctionSnapshot(functions: functions),
                replicas: ReplicaSnapshot(startFailures: startFailures),
                load: LoadReport(), explanations: [older.id: explanation], publicOrigin: "http://localhost")
        }
        #expect(
            observed([older, newer], [newer.id: startFailure]).diagnosis(of: newer).summary.hasPrefix("older is older"))
        #expect(observed([newer], [newer.id: startFailure]).diagnosis(of: newer).summary == startFailure.message)
        #expect(observed([newer]).diagnosis(of: newer).summary == "Not ready.")
        #expect(observed([older]).diagnosis(of: older).summary == explanation.message)
        let unseen = try function("unseen", route: "/unseen", age: 3)
        #expect(observed([unseen]).diagnosis(of: unseen).summary.contains("not decided"))
    }

    @Test func `the diagnosis marks the replica with few threads and no other`() throws {
        let hello = try function("hello", route: "/hello", age: 1)
        let replicas = ["r1", "r2"].map { name in
            Replica(id: Replica.ID(name), function: hello.id, revision: hello.revision, state: .ready, since: 0)
        }
        let load = LoadReport(replicas: [Replica.ID("r2"): .init(hasFewThreads: true)])
        let views = Observation(
            catalog: FunctionSnapshot(functions: [hello]), replicas: ReplicaSnapshot(replicas: replicas), load: load,
            explanations: [:], publicOrigin: "http://localhost"
        ).diagnosis(of: hello).replicas
        #expect(views.map(\.id) == ["r1", "r2"])
        #expect(views.first?.remark == nil)
        #expect(views.last?.remark?.contains("Set target.concurrency to the number of its threads.") == true)
    }

    private func function(_ name: String, route: String, age: UInt64) throws -> Function {
        Function(
            id: Function.ID(name), draft: try .sample(name, route: route), generation: 1,
            storeRevision: StoreRevision("1"),
            age: age, origin: Function.Origin(location: "test", isWritable: true))
    }

    private func items(_ server: TestServer, _ path: String) async throws -> [JSON] {
        try await server.send("GET", path).json["items"]?.items ?? []
    }

    /// The catalogue follows the store in a separate task.
    private func waitForCatalog(_ server: TestServer, count: Int) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            let cluster = try await server.send("GET", "/cluster").json
            let rejections = server.memory.functions.current.rejections.count
            if cluster["functions"] == .number(count), cluster["rejections"]?.items.count == rejections { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("The catalogue did not follow the store.")
    }

    @Test func `the first page lists the functions with links, state and last error`() async throws {
        let drafts = try [FunctionDraft.sample("second", route: "/shared"), .sample("third", route: "/shared")]
        try await TestServer.with(.init(functions: drafts)) { server in
            let third = try #require(server.memory.functions.current.functions.first { $0.name.text == "third" })
            var status = FunctionStatus(observedGeneration: 1)
            status.conditions = [
                Condition(.ready, isTrue: false, reason: "RouteConflict", message: "m", since: 0),
                .routeConflict(with: try FunctionName("second"), route: third.route),
            ]
            try await server.memory.functions.setStatus(status, of: third.id)
            let text = try await server.send("GET", "/").body
            #expect(
                text.contains("  second: GET http://127.0.0.1:8080/invoke/shared (Unknown, 0/0 ready)\n"), "\(text)")
            #expect(text.contains("(RouteConflict, 0/0 ready)\n    second is older"), "\(text)")
            let page = try await server.send("GET", "/", headers: ["Accept": "text/html"]).body
            for part in [
                "<a href=\"/functions/second\">second</a>", "<a href=\"/invoke/shared\">/invoke/shared</a>",
                "<a href=\"/functions/third/logs\">logs</a>", "<td>RouteConflict</td>", "<td>second is older",
            ] {
                #expect(page.contains(part), "\(part) is missing in\n\(page)")
            }
            #expect(try await server.send("GET", "/", headers: ["Host": "evil.example"]).status == 403)
        }
        try await TestServer.with { server in
            let empty = try await server.send("GET", "/")
            #expect(empty.body.hasPrefix("No function is declared yet."))
        }
    }

    @Test func `the texts of a hostile function are escaped`() {
        let summary = FunctionSummary(
            name: "x", path: "/invoke/<b>", method: "any", state: "<i>", ready: 0, desired: 1,
            problem: "<script>\u{1B}[2J")
        let page = DocumentPage.table(of: [summary], rejections: [])
        #expect(!page.contains("<b>") && !page.contains("<i>") && !page.contains("<script>"))
        let text = DocumentPage.text(of: [summary], rejections: [], origin: "http://a")
        #expect(!text.contains("\u{1B}"))
        let many = [FunctionSummary](repeating: summary, count: DocumentPage.functionsMax + 2)
        #expect(DocumentPage.table(of: many, rejections: []).contains("2 more"))
    }
}
