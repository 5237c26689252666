import F2SConfig
import F2SModel
import TestSupport
import Testing

@testable import F2SAPIServer

/// `POST /functions/{name}/invocations`.
@Suite(.timeLimit(.minutes(1))) struct InvocationRoutesTests {
    private static let path = "/functions/hello/invocations"

    private func options(_ invoker: StubInvoker, _ drafts: [FunctionDraft]? = nil) throws -> TestServer.Options {
        var options = TestServer.Options(functions: try drafts ?? [.sample("hello")])
        options.invoker = invoker
        return options
    }

    private func invoke(
        _ server: TestServer, _ body: String = "{}", headers: [String: String] = [:], path: String = Self.path
    ) async throws -> Answer {
        try await server.send(
            "POST", path, headers: headers.merging(["Content-Type": "application/json"]) { own, _ in own }, body: body)
    }

    @Test func `the function's own response is returned with its times`() async throws {
        let timing = InvocationTiming(
            queue: .milliseconds(2), start: .milliseconds(390), function: .milliseconds(20), isCold: true)
        let invoker = StubInvoker { _ in
            .parts(
                ["hé", "llo"], status: 418, fields: [InvocationField("X-Own", "a"), InvocationField("X-Own", "b")],
                timing: timing, replica: Replica.ID("hello-1"))
        }
        try await TestServer.with(try options(invoker)) { server in
            let answer = try await invoke(server, #"{"path":"/rest?name=Ada","headers":[["Accept","a"]],"body":"in"}"#)
            #expect(answer.status == 200 && answer.headers["content-type"] == "application/json")
            let json = try answer.json
            #expect(json["status"] == 418 && json["body"] == "héllo" && json["bodyEncoding"] == "text")
            #expect(json["headers"] == [["X-Own", "a"], ["X-Own", "b"]])
            #expect(json["bodyBytes"] == 6 && json["isTruncated"] == false && json["problem"] == "null")
            #expect(json["timing"] == ["queue": "0.002", "start": "0.39", "function": "0.02"])
            #expect(json["wasColdStart"] == true && json["replica"] == "hello-1")
            let request = try #require(invoker.requests.current.first)
            #expect(request.method == .get && request.path == "/hello/rest?name=Ada")
            #expect(request.fields.map(\.name) == ["f2s-function", "Accept"])
            #expect(request.fields.map(\.value) == ["hello", "a"])
            guard case .bytes(Array("in".utf8)) = request.content else {
                Issue.record("\(request.content)")
                return
            }
        }
    }

    @Test func `without times of F2S there are none, and other bytes are base64`() async throws {
        try await TestServer.with(try options(StubInvoker { _ in .bytes([[0xFF, 0]]) })) { server in
            let json = try await invoke(server).json
            #expect(json["body"] == "/wA=" && json["bodyEncoding"] == "base64")
            #expect(json["timing"] == .object([:]) && json["wasColdStart"] == false && json["replica"] == nil)
        }
    }

    @Test func `a function that answers any method gets GET unless the request names another`() async throws {
        let invoker = StubInvoker()
        let any = try FunctionDraft.sample("hello", route: "/").with { $0.method = nil }
        try await TestServer.with(try options(invoker, [any])) { server in
            for body in ["{}", #"{"method":"DELETE","path":"/a"}"#] {
                let answer = try await invoke(server, body)
                #expect(answer.status == 200)
            }
            #expect(invoker.requests.current.map(\.method) == [.get, .delete])
            #expect(invoker.requests.current.map(\.path) == ["/", "/a"])
        }
    }

    @Test func `the invocation is on behalf of the caller`() async throws {
        let invoker = StubInvoker()
        var options = try options(invoker)
        options.authenticator = StubAuthenticator()
        try await TestServer.with(options) { server in
            let answer = try await invoke(server, headers: ["Authorization": "Bearer functions:invoke@hel*"])
            #expect(answer.status == 200)
            let request = try #require(invoker.requests.current.first)
            #expect(request.principal?.name == "ann" && request.principal?.grants.count == 1)
            #expect(request.caller == "api:ann")
            #expect(!request.fields.contains { $0.name.lowercased() == "authorization" })
            let other = try await invoke(server, headers: ["Authorization": "Bearer functions:invoke@other"])
            #expect(other.status == 403 && invoker.requests.current.count == 1)
        }
    }

    @Test func `an error of F2S is a part of the result, with the status that a caller would get`() async throws {
        let failure = StartFailure(
            stage: .start, reason: "ExitedAtStart", message: "It ended.", exitStatus: 3, logTail: ["last"],
            revision: Revision(text: "r"), attempts: 1, nextAttempt: 0, retryAfterSeconds: 1)
        let invoker = StubInvoker { _ in throw InvocationError.startFailed(failure) }
        try await TestServer.with(try options(invoker)) { server in
            let answer = try await invoke(server)
            #expect(answer.status == 200)
            let json = try answer.json
            #expect(json["status"] == 502 && json["body"] == "" && json["isTruncated"] == false)
            let problem = try #require(json["problem"])
            #expect(problem["stage"] == "start" && problem["reason"] == "ExitedAtStart" && problem["exitStatus"] == 3)
            #expect(problem["function"] == "hello" && problem["logTail"] == ["last"])
        }
    }

    @Test func `a response that breaks off is returned as far as it came`() async throws {
        let broken = StubInvoker { _ in .parts(["half"], failure: .replicaLost(afterResponseBegan: true)) }
        try await TestServer.with(try options(broken)) { server in
            let json = try await invoke(server).json
            #expect(json["status"] == 200 && json["body"] == "half" && json["isTruncated"] == false)
            #expect(json["problem"]?["stage"] == "function")
        }
    }

    @Test func `if an older function has the route, the problem says so, and it is not invoked`()
        async throws
    {
        let invoker = StubInvoker { request in
            throw InvocationError.otherFunction(named: request.fields[0].value, routed: "first")
        }
        let drafts = try [FunctionDraft.sample("first", route: "/same"), .sample("hello", route: "/same")]
        try await TestServer.with(try options(invoker, drafts)) { server in
            let json = try await invoke(server).json
            #expect(json["status"] == 409 && json["problem"]?["reason"] == "OtherFunction")
            let detail = json["problem"]?["detail"]?.text
            #expect(detail?.contains("first is older and has the same endpoint /same") == true)
            #expect(invoker.requests.current.first?.fields.first?.value == "hello")
        }
    }

    @Test(arguments: [("{", 400), (#"{"method":"X"}"#, 400)])
    func `a malformed request invokes nothing`(body: String, status: Int) async throws {
        let invoker = StubInvoker()
        try await TestServer.with(try options(invoker)) { server in
            let refused = try await invoke(server, body)
            #expect(refused.status == status)
            #expect(try await invoke(server, headers: ["Content-Type": "text/plain"]).status == 415)
            #expect(try await invoke(server, path: "/functions/none/invocations").status == 404)
            #expect(invoker.requests.current.isEmpty)
        }
    }

    @Test func `a client that disconnects ends its invocation`() async throws {
        let invoker = StubInvoker { _ in .parts(["first"], isEndless: true) }
        try await TestServer.with(try options(invoker)) { server in
            // The task is the client: its cancellation closes the connection.
            await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { _ = try await invoke(server) }
                for await requests in invoker.requests.values() where !requests.isEmpty { break }
                tasks.cancelAll()
            }
            for await cancellations in invoker.cancellations.values() where cancellations == 1 { break }
        }
    }

    @Test func `more invocations than the limit are refused, and one that ends makes space`() async throws {
        let invoker = StubInvoker { request in
            request.path.hasSuffix("/wait") ? .parts([], isEndless: true) : .parts(["hi"])
        }
        var options = try options(invoker)
        options.settings.limits.apiInvocationsMax = 1
        try await TestServer.with(options) { server in
            await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { _ = try await invoke(server, #"{"path":"/wait"}"#) }
                for await requests in invoker.requests.values() where !requests.isEmpty { break }
                let refused = try? await invoke(server)
                #expect(refused?.status == 503 && refused?.headers["retry-after"] == "1")
                #expect(refused?.problem?.contains("api_invocations") == true)
                tasks.cancelAll()
            }
            try await eventually("the invocation has ended") { try await invoke(server).status == 200 }
        }
    }

    @Test func `a stream is cut some time after its head`() async throws {
        let invoker = StubInvoker { _ in .parts(["event"], isEndless: true) }
        let invocation = BoundedInvocation(invoker: invoker, contentTimeout: .milliseconds(10))
        let result = try await invocation.run(InvocationRequest(.get, "/", caller: "test")) {
            Problem($0, function: nil)
        }
        #expect(result.text == "event" && result.isTruncated && result.problem == nil)
        #expect(invoker.cancellations.current == 1)
    }

    @Test func `a cancelled task gets no result`() async throws {
        let invocation = BoundedInvocation(
            invoker: StubInvoker { _ in .parts([], isEndless: true) }, contentTimeout: .seconds(60))
        let task = Task {
            try await invocation.run(InvocationRequest(.get, "/", caller: "test")) { Problem($0, function: nil) }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
