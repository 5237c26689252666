import F2SMetrics
import F2SModel
import Synchronization
import TestSupport
import Testing

@testable import F2SAPIServer

@Suite(.timeLimit(.minutes(1))) struct OverviewRoutesTests {
    private static let hello = Function.ID("memory-hello")

    /// Records a step with responses of a function.
    private func record(_ count: UInt32, at step: Int, in server: TestServer) {
        let histogram = Histogram(bounds: Histogram.Bounds([0.001, 0.01]))
        histogram.observe(nanoseconds: 5_000_000)
        var activity = FunctionActivity(
            function: Self.hello, counts: RequestCounts(coldStarts: 1, duration: histogram.reading), inFlight: 1,
            lastColdStart: .milliseconds(250))
        activity.counts.responses[.successful] = count
        activity.counts.failures = Stage.allCases.map { $0 == .queue ? 10 : 0 }
        server.activity.next.withLock { $0 = [activity] }
        server.sampler.sample(at: .seconds(10 * step), secondsSince1970: 1_700_000_000 + 10 * Double(step))
    }

    /// The catalogue follows the store in a separate task.
    private func declared(_ server: TestServer) async throws {
        try await eventually("the catalogue contains the functions") {
            let count = server.memory.functions.current.functions.count
            return try await server.send("GET", "/cluster").json["functions"] == .number(count)
        }
    }

    @Test func `the overview has a row for each function with its state and traffic`() async throws {
        try await TestServer.with(.init(functions: [.sample("hello"), .sample("calm", route: "/a/b")])) { server in
            let function = try #require(server.memory.functions.current.functions.first { $0.name.text == "hello" })
            try await server.memory.replicas.apply(function, .fixed(2), retiring: [])
            try await declared(server)
            record(20, at: 1, in: server)
            let overview = try await server.send("GET", "/overview").json
            #expect(overview["total"] == 2 && overview["matching"] == 2 && overview["offset"] == 0)
            #expect(overview["counts"] == ["attention": 0, "starting": 0, "ready": 1, "idle": 1])
            let rows = overview["items"]?.items ?? []
            #expect(rows.map { $0["name"] } == ["calm", "hello"])
            let (calm, hello) = (try #require(rows.first), try #require(rows.last))
            #expect(Set(calm.members.keys) == Set(hello.members.keys) && hello.members.count == 15)
            #expect(calm["endpoint"] == "/a/b" && calm["method"] == "GET" && calm["kind"] == "command")
            #expect(calm["state"] == "idle" && calm["maxReplicas"] == 5 && calm["rate"] == 0)
            #expect(calm["p95Seconds"] == "null" && calm["coldStartSeconds"] == "null")
            #expect(hello["state"] == "ready" && hello["ready"] == 2 && hello["starting"] == 0)
            // The failures count as well.
            #expect(hello["rate"] == 3)
            #expect(hello["rates"]?.items == Array(repeating: 0, count: 11) + [3])
            #expect(hello["coldStartSeconds"] == "0.25")
            #expect(overview["rejections"] == [])
        }
    }

    @Test func `the overview is filtered, sorted and cut by the query`() async throws {
        try await TestServer.with(.init(functions: [.sample("a"), .sample("b"), .sample("c")])) { server in
            server.memory.functions.setRejections([.init(location: "bad.yaml", line: 3, column: 1, message: "no")])
            let query = "?sort=endpoint&order=descending&limit=1&offset=1&state=idle"
            let overview = try await server.send("GET", "/overview\(query)").json
            #expect(overview["items"]?.items.map { $0["name"] } == ["b"])
            #expect(overview["matching"] == 3 && overview["offset"] == 1)
            #expect(overview["rejections"] == [["location": "bad.yaml", "line": 3, "message": "no"]])
            let filtered = try await server.send("GET", "/overview?filter=%2FC").json
            #expect(filtered["items"]?.items.map { $0["name"] } == ["c"])
            #expect(try await server.send("GET", "/overview?state=attention").json["items"] == [])
        }
    }

    @Test(arguments: [
        "/overview?sort=age", "/overview?state=broken", "/overview?order=up", "/overview?limit=0",
        "/overview?limit=501", "/overview?offset=-1", "/overview?unknown=1", "/changes?function=Not_A_Name",
        "/changes?" + Array(repeating: "function=f", count: 501).joined(separator: "&"), "/changes?follow=maybe",
        "/functions/hello/charts?seconds=9", "/functions/hello/charts?seconds=3601",
    ])
    func `a malformed query is rejected`(path: String) async throws {
        try await TestServer.with(.init(functions: [.sample("hello")])) { server in
            let answer = try await server.send("GET", path)
            #expect(answer.status == 400)
            #expect(answer.problem != nil)
        }
    }

    @Test func `a caller sees the functions that it may read`() async throws {
        let options = TestServer.Options(
            functions: [try .sample("team-a-x"), try .sample("team-b-x")], authenticator: StubAuthenticator())
        try await TestServer.with(options) { server in
            let headers = ["Authorization": "Bearer functions:list@team-a-*"]
            let overview = try await server.send("GET", "/overview", headers: headers).json
            #expect(overview["total"] == 1)
            #expect(overview["items"]?.items.map { $0["name"] } == ["team-a-x"])
            let changes = try await server.send(
                "GET", "/changes?follow=false&function=team-a-x&function=team-b-x", headers: headers)
            #expect(changes.body.contains("\"removed\":[\"team-b-x\"]"))
            #expect(try await server.send("GET", "/functions/team-b-x/charts", headers: headers).status == 403)
        }
    }

    @Test func `the charts have a value for each step of the last hour`() async throws {
        try await TestServer.with(
            .init(functions: [
                .sample("hello").with {
                    $0.target.concurrency = 3
                    $0.target.limits.inFlight = 4
                }
            ])
        ) { server in
            let function = try #require(server.memory.functions.current.functions.first)
            try await server.memory.replicas.apply(function, .fixed(2), retiring: [])
            try await server.memory.functions.setStatus(
                FunctionStatus(readyReplicas: 2, desiredReplicas: 2), of: function.id)
            try await eventually("the catalogue contains the status") {
                try await server.send("GET", "/deployments").json["items"]?.items.first?["desired"] == 2
            }
            record(20, at: 1, in: server)
            record(40, at: 2, in: server)
            let answer = try await server.send("GET", "/functions/hello/charts?seconds=25")
            let charts = try answer.json
            #expect(charts["stepSeconds"] == 10 && charts["source"] == "process")
            #expect(charts["end"] == "2023-11-14T22:13:40.000Z")
            #expect(charts["processes"] == ["counted": 1, "running": 1])
            let series = try #require(charts["series"])
            #expect(series["requests"]?["2xx"] == ["null", 2, 4])
            #expect(Set(try #require(series["requests"]).members.keys) == ["2xx", "3xx", "4xx", "5xx"])
            #expect(series["errors"] == ["queue": ["null", 1, 1]])
            #expect(series["latency"]?["p50"] == ["null", "0.0055", "0.0055"])
            #expect(series["inFlight"] == ["null", 1, 1] && series["coldStarts"] == ["null", 1, 1])
            #expect(series["slots"] == ["null", 4, 4])
            #expect(series["replicas"] == ["desired": ["null", 2, 2], "ready": ["null", 2, 2]])
            let hour = try await server.send("GET", "/functions/hello/charts").json
            #expect(hour["series"]?["coldStarts"]?.items.count == 360)
            #expect(try await server.send("GET", "/functions/nobody/charts").status == 404)
        }
    }

    @Test func `the charts name the number of processes that run`() {
        func peer(_ id: String, isReady: Bool = true, isAlive: Bool = true) -> Peer {
            Peer(id: id, isReady: isReady, isAlive: isAlive)
        }
        // A process that ends still serves, and one that has ended does not.
        let others = [peer("b"), peer("c", isReady: false), peer("d", isReady: false, isAlive: false)]
        let processes = ChartsView.Processes(PeerSnapshot(own: peer("a"), others: others))
        #expect(processes.counted == 1 && processes.running == 3)
    }

    @Test func `a stream sends everything at first, then what has changed`() async throws {
        try await TestServer.with(.init(functions: [.sample("hello"), .sample("calm")])) { server in
            try await declared(server)
            try await server.stream("/changes?function=hello&function=gone") { reader in
                #expect(reader.contentType == "text/event-stream")
                try await reader.read(until: "\n\ndata: ")
                try await reader.read(until: "\"total\":2}\n\n")
                let first = try #require(reader.text.split(separator: "\n\n").last)
                #expect(first.contains("\"name\":\"hello\"") && !first.contains("\"name\":\"calm\""))
                #expect(first.contains("\"removed\":[\"gone\"]"))
                // Each kind of change wakes the stream: a declaration, replicas, and a step of the time series.
                _ = try await server.memory.functions.create(.sample("third"))
                try await reader.read(until: "\"total\":3}\n\n")
                let function = try #require(
                    server.memory.functions.current.functions.first { $0.name.text == "hello" })
                try await server.memory.replicas.apply(function, .fixed(1), retiring: [])
                try await reader.read(until: "\"state\":\"ready\"")
                record(20, at: 1, in: server)
                try await reader.read(until: "\"rate\":3,")
                try await server.memory.functions.delete(function.name, ifRevision: nil)
                try await reader.read(until: "\"removed\":[\"hello\"]")
            }
        }
    }

    @Test func `comments are sent while nothing changes`() async throws {
        try await TestServer.with(.init(keepAlive: .milliseconds(20))) { server in
            try await server.stream("/changes") { reader in
                try await reader.read(until: ": \n\n: \n\n: \n\n")
                #expect(reader.text.ranges(of: "data:").count == 1)
            }
        }
    }

    @Test func `a stream that does not follow ends after the first event`() async throws {
        try await TestServer.with(.init(functions: [.sample("hello")])) { server in
            let answer = try await server.send("GET", "/changes?follow=false&function=hello&function=hello")
            #expect(answer.headers["content-type"] == "text/event-stream")
            #expect(answer.body.hasPrefix("data: {") && answer.body.hasSuffix("}\n\n"))
            #expect(answer.body.ranges(of: "\"name\":\"hello\"").count == 1)
        }
    }

    @Test func `a stream of changes ends with the server`() async throws {
        let ended = Latest(false)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            try await TestServer.with(.init(changeInterval: .seconds(3600))) { server in
                let (begun, begin) = AsyncStream.makeStream(of: Void.self)
                tasks.addTask {
                    try await server.stream("/changes") { reader in
                        try await reader.read(until: "data:")
                        begin.yield()
                        try await reader.readToEnd()
                        ended.publish(true)
                    }
                }
                for await _ in begun { break }
            }
            try await tasks.waitForAll()
        }
        #expect(ended.current)
    }
}
