import F2SModel
import Testing

@Suite struct InvocationErrorTests {
    private static func startFailure(isTimeout: Bool) -> StartFailure {
        StartFailure(
            stage: .start, reason: "ExitedAtStart", message: "It ended. Look at its log.", exitStatus: 3,
            logTail: ["a \"b\"", "c"], isTimeout: isTimeout, revision: Revision(text: "r"), attempts: 1, nextAttempt: 0,
            retryAfterSeconds: 7)
    }

    private struct Expected: Sendable {
        let status: Int
        let stage: Stage
        let error: InvocationError

        init(_ status: Int, _ stage: Stage, _ error: InvocationError) {
            self.status = status
            self.stage = stage
            self.error = error
        }
    }

    private static let errors: [Expected] = [
        Expected(400, .route, .malformedRequest(reason: "Two lengths")),
        Expected(400, .route, .proxyHeaderMissing),
        Expected(431, .route, .tooLarge(.head(bytesMax: 1))),
        Expected(414, .route, .tooLarge(.target(bytesMax: 1))),
        Expected(431, .route, .tooLarge(.fields(countMax: 1))),
        Expected(413, .route, .tooLarge(.body(bytesMax: 1))),
        Expected(408, .timeout, .requestStalled),
        Expected(404, .route, .functionNotFound(path: "/x")),
        Expected(405, .route, .methodNotAllowed(allowed: [.get, .head])),
        Expected(409, .route, .otherFunction(named: "second", routed: "first")),
        Expected(401, .auth, .unauthenticated(.missing)),
        Expected(503, .auth, .unauthenticated(.busy)),
        Expected(302, .auth, .loginRequired(location: "/login?to=%2Finvoke%2Fx")),
        Expected(403, .auth, .forbidden(.invoke)),
        Expected(403, .auth, .untrustedPeer),
        Expected(403, .auth, .functionMayNotManage(address: "10.0.0.7")),
        Expected(404, .route, .managementElsewhere),
        Expected(404, .route, .invocationsElsewhere),
        Expected(403, .route, .foreignPage(reason: "spec.cors.methods does not contain PUT")),
        Expected(503, .queue, .moved),
        Expected(503, .connect, .peerUnusable),
        Expected(502, .connect, .ownerUnreachable),
        Expected(504, .scale, .failedAtPeer(status: 504, stage: .scale)),
        Expected(503, .queue, .tooManyConnections),
        Expected(503, .queue, .queueFull(limit: 5)),
        Expected(503, .queue, .queueFull(limit: 0)),
        Expected(429, .queue, .rateExceeded(retryAfter: .milliseconds(1))),
        Expected(504, .queue, .queueTimeout(after: .seconds(1))),
        Expected(504, .scale, .scalingTimeout(after: .seconds(1))),
        Expected(502, .start, .startFailed(startFailure(isTimeout: false))),
        Expected(504, .start, .startFailed(startFailure(isTimeout: true))),
        Expected(502, .connect, .connectFailed),
        Expected(502, .function, .replicaLost(afterResponseBegan: true)),
        Expected(502, .function, .replicaLost(afterResponseBegan: false)),
        Expected(502, .function, .malformedResponse(reason: "Two lengths")),
        Expected(504, .function, .responseTimeout(after: .seconds(1), inStage: .function)),
        Expected(504, .queue, .responseTimeout(after: .seconds(1), inStage: .queue)),
        Expected(503, .queue, .draining),
        Expected(503, .queue, .apiUnavailable),
    ]

    @Test func `every error has a status, a stage, a title and a detail`() {
        for expected in Self.errors {
            let error = expected.error
            #expect(error.status == expected.status, "\(error)")
            #expect(error.stage == expected.stage, "\(error)")
            #expect(!error.title.isEmpty && error.title.last != ".", "\(error)")
            #expect(error.detail.hasSuffix("."), "\(error)")
        }
    }

    @Test func `an error after which a retry may succeed has a Retry-After time`() {
        #expect(InvocationError.queueFull(limit: 1).retryAfterSeconds == 1)
        #expect(InvocationError.draining.retryAfterSeconds == 1)
        #expect(InvocationError.startFailed(Self.startFailure(isTimeout: false)).retryAfterSeconds == 7)
        #expect(InvocationError.functionNotFound(path: "/").retryAfterSeconds == nil)
    }

    @Test(
        arguments: [
            (.zero, 1), (.nanoseconds(1), 1), (.seconds(1), 1), (.seconds(1) + .nanoseconds(1), 2),
            (.milliseconds(9999), 10), (.seconds(10_000), 10_000), (.seconds(Int64.max), 1_000_000_000),
        ] as [(Duration, Int)])
    func `the Retry-After time of an exceeded rate is in whole seconds, rounded up`(wait: Duration, seconds: Int) {
        let error = InvocationError.rateExceeded(retryAfter: wait)
        #expect(error.retryAfterSeconds == seconds)
        #expect(error.detail.contains("after \(seconds) s."))
    }

    @Test func `the problem of an invocation is written as an RFC 9457 document`() throws {
        let problem = Problem(.startFailed(Self.startFailure(isTimeout: false)), function: try FunctionName("hello"))
        #expect(
            problem.json
                == #"{"title":"The function cannot be started","status":502,"detail":"It ended. Look at its log.","#
                + #""stage":"start","reason":"ExitedAtStart","function":"hello","exitStatus":3,"#
                + #""logTail":["a \"b\"","c"]}"# + "\n")
        #expect(
            Problem(.functionNotFound(path: "/\"x\""), function: nil).json
                == #"{"title":"No function has this path","status":404,"#
                + #""detail":"No function is declared at /\"x\". `f2s list` shows every path.","#
                + #""stage":"route"}"# + "\n")
    }

    @Test func `a problem of the API lists the rejected fields`() {
        let problem = Problem(status: 422, title: "t", detail: "d", errors: ["a is missing", "b\nc"])
        #expect(problem.json == #"{"title":"t","status":422,"detail":"d","errors":["a is missing","b\nc"]}"# + "\n")
    }
}
