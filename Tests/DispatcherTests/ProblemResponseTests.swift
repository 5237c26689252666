import F2SModel
import Testing

@testable import F2SDispatcher

@Suite struct ProblemResponseTests {
    private func answer(
        _ error: InvocationError, timing: ExchangeTimes? = nil, keepAlive: Bool = true, toHead: Bool = false
    ) throws -> Answer {
        let problem = Problem(error, function: try FunctionName("hello"))
        let out = Buffer(capacity: 64)
        ProblemResponse.write(
            problem, error, timing: timing, keepAlive: keepAlive, isAnswerToHead: toHead, fields: [], into: out)
        let parsed = try Answer.parse(Array(out.text.utf8), isClosed: false, isToHead: toHead).orThrow()
        #expect(parsed.count == out.count)
        return parsed.found
    }

    static let errors: [InvocationError] = [
        .malformedRequest(reason: "x"), .tooLarge(.head(bytesMax: 1)), .tooLarge(.target(bytesMax: 1)),
        .tooLarge(.fields(countMax: 1)), .tooLarge(.body(bytesMax: 1)), .requestStalled, .functionNotFound(path: "/x"),
        .methodNotAllowed(allowed: [.get]), .unauthenticated(.missing), .forbidden(.invoke), .queueFull(limit: 1),
        .loginRequired(location: "/login"),
        .rateExceeded(retryAfter: .milliseconds(1500)),
        .queueTimeout(after: .seconds(1)), .scalingTimeout(after: .seconds(1)),
        .connectFailed,
        .replicaLost(afterResponseBegan: false), .malformedResponse(reason: "x"),
        .responseTimeout(after: .seconds(1), inStage: .function), .draining, .apiUnavailable,
    ]

    @Test(arguments: errors) func `every error is a complete response with status, stage and reason phrase`(
        error: InvocationError
    ) throws {
        let answer = try answer(error)
        #expect(answer.status == error.status)
        #expect(!answer.head.hasPrefix("HTTP/1.1 \(error.status) Error"))
        #expect(answer.field("Content-Type") == "application/problem+json")
        #expect(answer.field("Cache-Control") == "no-store")
        #expect(answer.body.contains("\"stage\":\"\(error.stage.rawValue)\""))
        #expect(answer.body.contains("\"function\":\"hello\""))
        #expect(answer.field("Retry-After") == error.retryAfterSeconds.map(String.init))
    }

    @Test func `a response to HEAD has the length of the omitted body`() throws {
        let answer = try answer(.connectFailed, toHead: true)
        #expect((answer.field("Content-Length").flatMap(Int.init) ?? 0) > 10)
        #expect(answer.body.isEmpty)
    }

    @Test func `Allow, Connection and Server-Timing are present when required`() throws {
        var times = ExchangeTimes(now: 1_000_000)
        times.granted = 3_000_000
        times.responded = 7_000_000
        let plain = try answer(.methodNotAllowed(allowed: [.get, .head]))
        #expect(plain.field("Allow") == "GET, HEAD")
        #expect(plain.field("Connection") == nil)
        #expect(plain.field("Server-Timing") == nil)
        #expect(plain.field("Location") == nil)
        #expect(try answer(.loginRequired(location: "/login?to=x")).field("Location") == "/login?to=x")
        let timed = try answer(.connectFailed, timing: times, keepAlive: false)
        #expect(timed.field("Connection") == "close")
        #expect(timed.field("Server-Timing") == "queue;dur=2.000, start;dur=0.000, function;dur=4.000")
    }

    @Test func `a start failure contains the exit status and the last lines`() throws {
        let startFailure = StartFailure(
            stage: .start, reason: "ExitedAtStart", message: "It ended.", exitStatus: 3, logTail: ["a \"b\"", "c\n"],
            revision: Revision(text: "r"), attempts: 1, nextAttempt: 0, retryAfterSeconds: 4)
        let answer = try answer(.startFailed(startFailure))
        #expect(answer.status == 502)
        #expect(answer.field("Retry-After") == "4")
        #expect(answer.body.contains("\"exitStatus\":3"))
        #expect(answer.body.contains(#""logTail":["a \"b\"","c\n"]"#))
    }
}
