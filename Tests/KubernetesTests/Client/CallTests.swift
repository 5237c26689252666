import F2SModel
import NIOHTTP1
import Testing

@testable import F2SKubernetes

/// Single calls to an API server that misbehaves.
@Suite(.timeLimit(.minutes(1))) struct CallTests {
    private struct Named: Decodable, Sendable {
        struct Metadata: Decodable, Sendable { let name: String }
        let metadata: Metadata
    }

    private static let good = #"{"metadata":{"name":"a"}}"#

    private func get(_ client: KubernetesClient, timeout: Duration? = nil) async throws(KubernetesError) -> Named {
        try await client.get(.pods, "n", "a", timeout: timeout)
    }

    @Test func `a request has the path, the method, the token and the user agent`() async throws {
        try await ScriptedAPIServer.run(token: "secret", script: { _ in .answer(200, Self.good) }) { client, server in
            #expect(try await get(client).metadata.name == "a")
            let question = try #require(server.questions.first)
            #expect(question.target == "/api/v1/namespaces/n/pods/a" && question.method == .GET)
            #expect(question.fields.first(name: "Authorization") == "Bearer secret")
            #expect(question.fields.first(name: "Accept") == "application/json")
            #expect(question.fields.first(name: "User-Agent") == "f2s")
        }
    }

    @Test(arguments: [HTTPMethod.GET, .POST])
    func `a call of any method that is rejected with 429 is repeated after the time that the server names`(
        _ method: HTTPMethod
    ) async throws {
        let time = HurriedTiming()
        try await ScriptedAPIServer.run(timing: time.timing) { question in
            question.index < 2 ? .error(429, "TooManyRequests", retryAfter: 3) : .answer(201, Self.good)
        } _: { client, server in
            if method == .GET { _ = try await get(client) } else { _ = try await client.create(.pods, "n", [:]) }
            #expect(server.questions.count == 3)
            #expect(time.pauses.count == 2 && time.pauses.allSatisfy { $0 >= .seconds(3) })
        }
    }

    @Test(arguments: [500, 502, 503, 504])
    func `a call is repeated after a server error unless it creates an object`(_ code: Int) async throws {
        let time = HurriedTiming()
        try await ScriptedAPIServer.run(timing: time.timing, script: { _ in .error(code, "InternalError") }) {
            client, server in
            await #expect(throws: KubernetesError.self) { try await get(client) }
            #expect(server.questions.count == client.options.attemptsMax)
            await #expect(throws: KubernetesError.self) { try await client.create(.pods, "n", [:]) }
            #expect(server.questions.count == client.options.attemptsMax + 1)
        }
    }

    @Test func `a call is repeated after a lost connection unless it creates an object`() async throws {
        let time = HurriedTiming()
        try await ScriptedAPIServer.run(timing: time.timing) { question in
            question.index == 1 ? .answer(200, Self.good) : .drop
        } _: { client, server in
            _ = try await get(client)
            #expect(server.questions.count == 2)
            await #expect(throws: KubernetesError.self) { try await client.create(.pods, "n", [:]) }
            #expect(server.questions.count == 3)
        }
    }

    @Test func `a call to a silent server fails after its time-out`() async throws {
        try await ScriptedAPIServer.run(script: { _ in .silence }) { client, server in
            let begin = ContinuousClock.now
            do throws(KubernetesError) {
                _ = try await get(client, timeout: .milliseconds(200))
                Issue.record("the call returned without a response")
            } catch {
                guard case .timeout = error else { throw error }
            }
            #expect(ContinuousClock.now - begin >= .milliseconds(200))
            #expect(server.questions.count <= 1)
        }
    }

    @Test(arguments: ["", "no JSON", #"{"metadata":{}}"#, #"{"metadata":{"name":"#, "[]"])
    func `a malformed response is an error of its own and is requested only once`(_ body: String) async throws {
        try await ScriptedAPIServer.run(script: { _ in .answer(200, body) }) { client, server in
            do throws(KubernetesError) {
                _ = try await get(client)
                Issue.record("\(body) was decoded")
            } catch {
                guard case .malformed = error else { throw error }
            }
            #expect(server.questions.count == 1)
        }
    }

    @Test func `a response that is too long causes an error`() async throws {
        var options = ClientOptions()
        options.answerBytesMax = 100
        let long = String(repeating: " ", count: 101) + Self.good
        try await ScriptedAPIServer.run(options: options, script: { _ in .answer(200, long) }) { client, _ in
            do throws(KubernetesError) {
                _ = try await get(client)
                Issue.record("the response was read")
            } catch {
                guard case .malformed = error else { throw error }
            }
        }
    }

    @Test func `rejected credentials are fetched again once`() async throws {
        try await ScriptedAPIServer.run(token: "t") { question in
            question.index == 1 ? .answer(200, Self.good) : .error(401, "Unauthorized")
        } _: { client, server in
            _ = try await get(client)
            #expect(server.questions.count == 2)
            await #expect(throws: KubernetesError.self) { try await get(client) }
            #expect(server.questions.count == 4)
        }
    }

    @Test func `an error contains the reason and the message of the server`() async throws {
        try await ScriptedAPIServer.run(script: { _ in .error(409, "AlreadyExists") }) { client, server in
            do throws(KubernetesError) {
                _ = try await client.create(.pods, "n", [:])
                Issue.record("the object was created")
            } catch {
                #expect(error.isAlreadyExists && !error.isConflict && "\(error)".contains("the message of the test"))
            }
            #expect(server.questions.count == 1)
        }
    }

    @Test func `a long list is read in pages, and begins again when its version has expired`() async throws {
        try await ScriptedAPIServer.run { question in
            switch (question.index, question.parameter("continue")) {
            case (0, nil), (2, nil):
                .answer(200, #"{"metadata":{"resourceVersion":"7","continue":"x y"},"items":[\#(Self.good)]}"#)
            case (1, "x%20y"): .error(410, "Expired")
            case (3, "x%20y"):
                .answer(200, #"{"metadata":{"resourceVersion":"7"},"items":[{"metadata":1},\#(Self.good)]}"#)
            default: .error(400, "BadRequest")
            }
        } _: { client, server in
            let list = try await client.list(.pods, "n", selector: "a=b", as: Named.self)
            #expect(list.items.count == 2 && list.unreadable.count == 1 && list.resourceVersion == "7")
            #expect(server.questions.allSatisfy { $0.parameter("labelSelector") == "a%3Db" })
            #expect(server.questions.count == 4)
        }
    }

    @Test func `log lines arrive as they were written, and an early end is an error`() async throws {
        try await ScriptedAPIServer.run { question in
            .lines(["one", "", "three"], question.index == 0 ? .end : .cut)
        } _: { client, _ in
            var lines: [String] = []
            for try await line in try await client.logs(pod: "a", namespace: "n") { lines.append(line) }
            #expect(lines == ["one", "", "three"])
            lines = []
            await #expect(throws: KubernetesError.self) {
                for try await line in try await client.logs(pod: "a", namespace: "n") { lines.append(line) }
            }
            #expect(lines == ["one", "", "three"])
        }
    }
}
