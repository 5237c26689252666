import F2SClient
import F2SModel
import Testing

struct FunctionClientTests {
    private func name(_ text: String = "hello") throws -> FunctionName { try FunctionName(text) }

    private func draft() throws -> FunctionDraft {
        FunctionDraft(name: try name(), route: try Route("/hello"), target: Target(command: ["true"]))
    }

    @Test func `a list is decoded even if it has unknown members`() async throws {
        let stub = StubTransport { _ in
            ClientAnswer(200, #"{"items":[\#(Sample.function("a")),\#(Sample.function("b"))]}"#)
        }
        let functions = try await stub.client().list()
        #expect(functions.map(\.name) == ["a", "b"])
        #expect(functions[0].target.scaling?.targetConcurrency == 10)
        #expect(functions[0].condition("Ready")?.isTrue == true)
        #expect(stub.requests == ["GET /functions?limit=500"])
    }

    @Test func `applying a new function creates it`() async throws {
        let stub = StubTransport { request in
            request.method == "GET"
                ? ClientAnswer(404, #"{"status":404,"title":"No such function"}"#, type: ServerProblem.mediaType)
                : ClientAnswer(201, Sample.function())
        }
        let applied = try await stub.client().apply(draft())
        #expect(applied.change == .created)
        #expect(stub.requests == ["GET /functions/hello", "PUT /functions/hello"])
    }

    @Test(arguments: [(1, Applied.Change.unchanged), (2, .configured)])
    func `applying an existing function changes it or leaves it`(
        generation: Int, change: Applied.Change
    ) async throws {
        let stub = StubTransport { request in
            ClientAnswer(200, Sample.function(generation: request.method == "PUT" ? generation : 1))
        }
        let applied = try await stub.client().apply(draft())
        #expect(applied.change == change)
        #expect(applied.function.metadata.generation == generation)
    }

    @Test func `a request that changes something has the content type JSON`() async throws {
        let types = StubTransport { request in
            let isJSON = request.fields.contains { $0.name == "content-type" && $0.value == "application/json" }
            return request.method == "GET" || isJSON ? ClientAnswer(200, Sample.function()) : ClientAnswer(403, "")
        }
        _ = try await types.client().apply(draft())
        try await types.client().delete(name())
    }

    @Test func `a problem of the server is described in one line`() async throws {
        let problem = """
            {"status":502,"title":"The function cannot be started","detail":"It exited\\nat once.","stage":"start",
            "reason":"ExitedAtStart","exitStatus":3,"logTail":["first","no such module"]}
            """
        let stub = StubTransport { _ in ClientAnswer(502, problem, type: "application/problem+json; charset=utf-8") }
        let error = await #expect(throws: ClientError.self) { try await stub.client().get(name()) }
        let line = try #require(error).description
        #expect(
            line == "The function cannot be started: It exited at once. [status 502, stage start, ExitedAtStart, "
                + "exit status 3] last log line: no such module")
    }

    @Test(arguments: [
        (500, "<html>oops\n</html>", "text/html"), (404, "{broken", "application/problem+json"), (503, "", ""),
    ])
    func `an error response of another server is not F2S`(status: Int, text: String, type: String) async throws {
        let stub = StubTransport { _ in ClientAnswer(status, text, type: type) }
        let error = await #expect(throws: ClientError.self) { try await stub.client().list() }
        guard case .notF2S(_, status, _) = try #require(error) else {
            Issue.record("another error: \(String(describing: error))")
            return
        }
        #expect(error?.description.contains("\n") == false)
    }

    @Test func `a response that is not from F2S is an error, not an empty list`() async throws {
        for text in ["", "[]", "{}", "<html>"] {
            let stub = StubTransport { _ in ClientAnswer(200, text) }
            await #expect(throws: ClientError.self) { try await stub.client().list() }
        }
    }

    @Test func `waiting ends when the function is ready in the applied generation`() async throws {
        let checks = Looks()
        let stub = StubTransport { _ in
            let check = checks.next()
            return ClientAnswer(200, Sample.function(generation: 2, observed: check < 3 ? 1 : 2))
        }
        let client = try stub.client()
        let applied = try await client.get(name())
        try await client.waitUntilReady(applied, timeout: .seconds(200), pause: .milliseconds(1))
        #expect(stub.requests.count >= 4)
    }

    @Test func `if nothing runs, a replica is requested until one is ready`() async throws {
        let checks = Looks()
        let stub = StubTransport { request in
            guard request.method == "GET" else { return ClientAnswer(202, "") }
            let isThere = checks.next() >= 4
            return ClientAnswer(
                200,
                Sample.function(readyReplicas: isThere ? 1 : 0, updatedReadyReplicas: isThere ? 1 : 0))
        }
        let client = try stub.client()
        let applied = try await client.get(name())
        try await client.waitUntilReady(applied, timeout: .seconds(200), pause: .milliseconds(1))
        #expect(stub.requests.count { $0 == "POST /functions/hello/start" } >= 2)
        #expect(stub.requests.last == "GET /functions/hello")
        let declared = stub.requests.count
        let idle = StubTransport { _ in ClientAnswer(200, Sample.function(readyReplicas: 0, updatedReadyReplicas: 0)) }
        try await idle.client().waitUntilReady(applied, goal: .declared, timeout: .seconds(20))
        #expect(idle.requests == ["GET /functions/hello"] && declared == stub.requests.count)
    }

    @Test func `waiting ends at once on a final failure and otherwise after the timeout`() async throws {
        let broken = #"{"type":"NoCommand","status":"True","reason":"ImageOnly","message":"An image alone."}"#
        let stub = StubTransport { _ in ClientAnswer(200, Sample.function(conditions: broken)) }
        let client = try stub.client()
        let applied = try await client.get(name())
        await #expect(throws: ClientError.notReady(function: "hello", reason: "ImageOnly: An image alone.")) {
            try await client.waitUntilReady(applied, timeout: .seconds(600))
        }
        let slow = try StubTransport { _ in ClientAnswer(200, Sample.function(conditions: "")) }.client()
        await #expect(throws: ClientError.self) {
            try await slow.waitUntilReady(applied, timeout: .milliseconds(5), pause: .milliseconds(1))
        }
    }

    @Test func `log lines arrive one by one, whatever the size of the chunks`() async throws {
        let lines = (1...3).map { #"{"replica":"r","source":"stdout","time":1.5,"text":"line \#($0) é"}"# }
        for pieceBytes in [1, 10, 1000] {
            let stub = StubTransport { _ in
                ClientAnswer(200, lines.joined(separator: "\n") + "\n", pieceBytes: pieceBytes)
            }
            var texts: [String] = []
            try await stub.client().logs(of: name(), tail: 5, follow: false) { texts.append($0.text) }
            #expect(texts == ["line 1 é", "line 2 é", "line 3 é"])
            #expect(stub.requests == ["GET /functions/hello/logs?tail=5&follow=false"])
        }
    }

    @Test func `events are read from the stream and comments are ignored`() async throws {
        let event = #"{"sequence":4,"time":1,"function":"hello","isWarning":true,"reason":"Scaled","message":"0 to 1"}"#
        let stub = StubTransport { _ in
            ClientAnswer(200, "retry: 2000\n\n: \n\nid: 4\ndata: \(event)\n\n", type: "text/event-stream")
        }
        var seen: [Event] = []
        try await stub.client().events { seen.append($0) }
        #expect(seen.map(\.reason) == ["Scaled"])
        #expect(seen.first?.sequence == 4)
    }

    @Test(
        arguments: [
            ("/hello", "GET", nil, "", false, "GET /invoke/hello"),
            ("/hello", nil, nil, "", false, "GET /invoke/hello"),
            ("/hello", nil, nil, "", true, "POST /invoke/hello"),
            ("/hello", "GET", "put", "x?y=1", true, "PUT /invoke/hello/x?y=1"),
            ("/", nil, nil, "", false, "GET /invoke/"),
            ("/", nil, nil, "/x", false, "GET /invoke/x"),
            ("/a/b", nil, nil, "?q", false, "GET /invoke/a/b?q"),
        ] as [(String, String?, String?, String, Bool, String)])
    func `a function is invoked by its name at its endpoint`(
        endpoint: String, own: String?, method: String?, rest: String, hasContent: Bool, expected: String
    ) async throws {
        let stub = StubTransport { request in
            request.target.hasPrefix("/functions")
                ? ClientAnswer(200, Sample.function(endpoint: endpoint, method: own)) : ClientAnswer(418, "tea")
        }
        let call = Invocation(method: method, rest: rest, content: hasContent ? .bytes([1]) : .none)
        let answer = try await stub.client().invoke(name(), call)
        #expect(answer.status == 418)
        #expect(stub.requests.last == expected)
    }

    @Test func `an invocation names its function, and if the route belongs to another, the condition gives the reason`()
        async throws
    {
        let conflict = #"{"type":"RouteConflict","status":"True","reason":"OlderFunction","message":"first is older."}"#
        let problem = #"{"status":409,"title":"t","detail":"d","stage":"route","reason":"OtherFunction"}"#
        let stub = StubTransport { request in
            if request.target.hasPrefix("/functions") {
                return ClientAnswer(200, Sample.function(conditions: conflict))
            }
            let isNamed = request.fields.contains { $0.name == "f2s-function" && $0.value == "hello" }
            return isNamed ? ClientAnswer(409, problem, type: ServerProblem.mediaType) : ClientAnswer(200, "of another")
        }
        let client = try stub.client()
        #expect(try await client.invoke(name(), Invocation()).status == 409)
        let parsed = try #require(ServerProblem(json: Array(problem.utf8)))
        #expect(
            await client.failure(invoking: try name(), parsed)
                == .cannotInvoke(function: "hello", reason: "OlderFunction: first is older."))
        let other = ServerProblem(status: 409, title: "the function's own")
        #expect(await client.failure(invoking: try name(), other) == .refused(other))
    }

    @Test func `a description shows everything that is known and omits the rest`() async throws {
        let why = """
            {"function":"hello","url":"u","summary":"s","conditions":[],"load":{"inFlight":2,"queued":1,
            "wantsActivation":false,"admitted":3,"concurrencySeconds":1},
            "scale":{"function":"hello","desired":2,"replicas":1,"ready":1,"reason":"Load","message":"two are needed",
            "stableConcurrency":1.25,"panicConcurrency":2,"isPanicking":false,"time":0},
            "replicas":[{"id":"hello-1","state":"ready","address":"127.0.0.1:4000","revision":"abc","isCurrent":false,
            "processID":77,"inFlight":2,"since":940}]}
            """
        let events = #"""
            {"items":[{"sequence":1,"time":970,"function":"hello","isWarning":true,"reason":"StartFailed",
            "message":"no"},
            {"sequence":2,"time":980,"function":"other","isWarning":false,"reason":"Scaled","message":"foreign"}]}
            """#
        let stub = StubTransport { request in
            switch request.target {
            case "/functions/hello": ClientAnswer(200, Sample.function())
            case "/functions/hello/why": ClientAnswer(200, why)
            default: ClientAnswer(200, events)
            }
        }
        let text = try await stub.client().describe(name()).text(now: 1000)
        for part in [
            "URL:         http://127.0.0.1:8080/invoke/hello\n", "python3 hello.py", "Load: two are needed",
            "ConfigMap settings, Secret keys (optional)\n", "127.0.0.1:4000", "abc (old)", "1m", "Warning",
            "StartFailed", "Conditions:\n", "Aim:",
        ] where part != "1m" {
            #expect(text.contains(part), "\(part) is missing in\n\(text)")
        }
        #expect(!text.contains("foreign"))
        let poor = StubTransport { request in
            request.target == "/functions/hello" ? ClientAnswer(200, Sample.function()) : ClientAnswer(500, "")
        }
        #expect(try await poor.client().describe(name()).text(now: 1000).contains("python3 hello.py"))
        let account = DiagnosisText(try await stub.client().why(name()), now: 1000).text
        #expect(account.contains("decision: Load: two are needed\n"))
        #expect(account.contains("1.25 in the stable window"))
        #expect(!account.contains("last changes"))
    }

    @Test func `the last five changes of the number of replicas are shown, oldest first`() async throws {
        let changes = (1...7).map { number in
            #"{"time":"1970-01-01T00:0\#(number):00.000Z","from":\#(number),"to":\#(number + 1),"reason":"Load","#
                + #""message":"message \#(number)\u001b[2J"}"#
        }.joined(separator: ",")
        let rest = #""function":"hello","url":"u","summary":"s","conditions":[],"replicas":[]"#
        let why = #"{\#(rest),"decisions":[\#(changes)]}"#
        let stub = StubTransport { _ in ClientAnswer(200, why) }
        let text = DiagnosisText(try await stub.client().why(name()), now: 480).text
        let lines = [("5m", 3), ("4m", 4), ("3m", 5), ("2m", 6), ("60s", 7)].map { age, number in
            "  \(age) ago, from \(number) to \(number + 1): Load: message \(number)\\u{1b}[2J\n"
        }
        #expect(text == "hello: s\nlast changes of the number of replicas:\n" + lines.joined())
    }
}

struct NetworkTransportTests {
    @Test func `an unreachable server is reported at once, with advice`() async throws {
        // No process listens on port 1 of the loopback interface.
        let error = await #expect(throws: ClientError.self) {
            try await FunctionClient.connect(to: ServerAddress("127.0.0.1:1")) { try await $0.list() }
        }
        let line = try #require(error).description
        #expect(line.contains("http://127.0.0.1:1"))
        #expect(line.contains("f2s serve"))
        #expect(line.contains("Connection refused"))
    }
}
