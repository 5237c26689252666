import AsyncHTTPClient
import F2SModel
import FoundationEssentials
import Glibc
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@testable import F2SPeers

@Suite struct InternalServerTests {
    /// A peer service that records its calls.
    private final class StubPeerService: PeerService {
        private let notes = Mutex<[String]>([])
        let error: DrainError?

        init(_ error: DrainError?) { self.error = error }

        /// The calls, oldest first.
        var asked: [String] { notes.withLock { $0 } }

        private func note(_ text: String) { notes.withLock { $0.append(text) } }

        func drain(_ function: Function.ID, within limit: Duration) async throws {
            note("drain \(function) \(limit)")
            if let error { throw error }
        }

        func cordon(_ replicas: [Replica.ID], within limit: Duration) async throws {
            note("cordon \(replicas) \(limit)")
            if let error { throw error }
        }

        func receive(_ report: PeerReport) {
            note("load \(report.peer) \(report.sequence) \(report.holds.map(\.text).sorted())")
        }

        func leaderView(of function: Function.ID?) async -> LeaderView {
            note("leader \(function?.text ?? "-")")
            return LeaderView(isLeader: true, explanations: [:])
        }

        func currentEvents(after sequence: UInt64) -> [Event] {
            note("events \(sequence)")
            return [Event(sequence: sequence + 1, time: 1, function: "f", reason: "Scaled", message: "m")]
        }
    }

    /// A complete response.
    private struct Answer {
        private struct Document: Decodable { let detail: String }

        let status: Int
        let allow: String?
        let body: String
        /// The detail of a problem document; `nil` if the response is none.
        let problem: String?

        init(_ response: HTTPClientResponse) async throws {
            status = Int(response.status.code)
            allow = response.headers.first(name: "allow")
            body = String(buffer: try await response.body.collect(upTo: 16 * 1024 * 1024))
            let isProblem = response.headers.first(name: "content-type") == Problem.mediaType
            problem = isProblem ? try JSONDecoder().decode(Document.self, from: Data(body.utf8)).detail : nil
        }
    }

    private static let token = "token-of-all"

    /// Runs a server on its socket while `body` runs.
    private func serve(
        tokens: [String] = [token], error: DrainError? = nil,
        reader: PeerContentReader = PeerContentReader(clock: ManualClock()),
        _ body: @Sendable @escaping (StubPeerService, _ path: String) async throws -> Void
    ) async throws {
        let path = "/tmp/f2s-int-\(String(UInt64.random(in: 0...UInt64.max), radix: 36)).sock"
        defer { unlink(path) }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let peers = StubPeerService(error)
        let responder = InternalResponder(
            peers: peers, tokens: { PeerTokens(tokens) },
            drainLimit: { $0 == Function.ID("patient") ? .seconds(600) : .seconds(90) }, reader: reader, logger: logger)
        let server = InternalServer(responder, socketPath: path, logger: logger)
        let group = ServiceGroup(services: [server], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let deadline = ContinuousClock.now + .seconds(20)
            while (try? await send("GET", "/", to: path)) == nil, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(5))
            }
            do {
                try await body(peers, path)
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    private func send(
        _ method: String, _ target: String, to path: String, token: String? = nil, _ body: String? = nil
    ) async throws -> Answer {
        var request = request(method, target, to: path, token: token)
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: body))
        }
        return try await Answer(HTTPClient.shared.execute(request, timeout: .seconds(30)))
    }

    private func request(
        _ method: String, _ target: String, to path: String, token: String? = nil
    ) -> HTTPClientRequest {
        let host = path.split(separator: "/").joined(separator: "%2F")
        var request = HTTPClientRequest(url: "http+unix://%2F\(host)\(target)")
        request.method = .RAW(value: method)
        request.headers.add(name: "Host", value: "192.0.2.1:8082")
        if let token { request.headers.add(name: "X-F2S-Token", value: token) }
        return request
    }

    @Test(arguments: ["/drain/1234-abcd", "//drain/1234-abcd"])
    func `a hook needs no token, and a kubelet may double the slash`(target: String) async throws {
        try await serve { peers, path in
            let answer = try await send("GET", target, to: path)
            #expect(answer.status == 200)
            #expect(peers.asked == ["drain 1234-abcd \(Duration.seconds(90))"])
        }
    }

    @Test func `a hook waits as long as its function may drain`() async throws {
        try await serve { peers, path in
            let answer = try await send("GET", "/drain/patient", to: path)
            #expect(answer.status == 200)
            #expect(peers.asked == ["drain patient \(Duration.seconds(600))"])
        }
    }

    @Test(arguments: [
        (DrainError.tooSlow(inFlight: 2), "2 invocations"), (.unconfirmed("f2s-1 is silent"), "f2s-1 is silent"),
    ])
    func `a failed drain is not reported as success`(error: DrainError, part: String) async throws {
        try await serve(error: error) { peers, path in
            let drain = try await send("GET", "/drain/x", to: path)
            #expect(drain.status == 503)
            #expect(drain.problem?.contains(part) == true)
            let content = "{\"replicas\":[\"a\"],\"milliseconds\":5}"
            #expect(try await send("POST", "/cordon", to: path, token: Self.token, content).status == 503)
        }
    }

    @Test func `a function name without a bound is rejected`() async throws {
        try await serve { peers, path in
            let name = String(repeating: "x", count: 300)
            let long = try await send("GET", "/drain/\(name)", to: path)
            #expect(long.status == 404)
            let empty = try await send("GET", "/drain/", to: path)
            #expect(empty.status == 404)
            let wrong = try await send("POST", "/drain/x", to: path, token: Self.token, "{}")
            #expect(wrong.status == 405)
            #expect(wrong.allow == "GET, HEAD")
            let read = try await send("GET", "/load", to: path, token: Self.token)
            #expect(read.status == 405)
            #expect(read.allow == "POST")
            let unknown = try await send("POST", "/invoke/x", to: path, token: Self.token, "{}")
            #expect(unknown.status == 404)
            #expect(peers.asked.isEmpty)
        }
    }

    @Test(arguments: [nil, "", "wrong", "token-of-al", "token-of-all ", "token-of-all2", "TOKEN-OF-ALL"])
    func `a request without a valid token changes nothing`(shown: String?) async throws {
        // A field's value has no space at its end, so that value equals the token.
        let isToken = shown?.hasSuffix(" ") == true
        try await serve { peers, path in
            let content = "{\"replicas\":[],\"milliseconds\":5}"
            let question = try await send("POST", "/cordon", to: path, token: shown, content)
            #expect(question.status == (isToken ? 200 : 403))
            let report = "{\"peer\":\"b\",\"sequence\":1,\"load\":{},\"holds\":[],\"seen\":{}}"
            let told = try await send("POST", "/load", to: path, token: shown, report)
            #expect(told.status == (isToken ? 422 : 403))
            #expect(peers.asked.count == (isToken ? 1 : 0))
        }
    }

    @Test func `a process without a token trusts no peer`() async throws {
        try await serve(tokens: []) { peers, path in
            for shown in [nil, ""] {
                let content = "{\"replicas\":[],\"milliseconds\":5}"
                let question = try await send("POST", "/cordon", to: path, token: shown, content)
                #expect(question.status == 403)
            }
            let drain = try await send("GET", "/drain/x", to: path)
            #expect(drain.status == 200)
        }
    }

    @Test func `reports and requests arrive as they were sent`() async throws {
        let report = PeerReport(
            peer: "f2s-1", sequence: 7,
            load: LoadReport(functions: [Function.ID("f"): .init(inFlight: 1)], replicas: [Replica.ID("r"): .init()]),
            holds: [Function.ID("f")], seen: ["f2s-0": 3])
        let text = String(decoding: try JSONEncoder().encode(report), as: UTF8.self)
        let question = CordonRequest(replicas: [Replica.ID("r")], milliseconds: 250)
        let questionText = String(decoding: try JSONEncoder().encode(question), as: UTF8.self)
        try await serve { peers, path in
            let told = try await send("POST", "/load", to: path, token: Self.token, text)
            let asked = try await send("POST", "/cordon", to: path, token: Self.token, questionText)
            #expect([told.status, asked.status] == [200, 200])
            #expect(
                peers.asked == [
                    "load f2s-1 7 [\"f\"]", "cordon [r] \(Duration.milliseconds(250))",
                ])
        }
    }

    @Test(arguments: [
        ("{\"replicas\":[\"r\"],\"milliseconds\":-5}", Duration.zero),
        ("{\"replicas\":[\"r\"],\"milliseconds\":999999999}", .milliseconds(CordonRequest.millisecondsMax)),
    ])
    func `a cordon request waits for at most a minute and never for a negative time`(
        content: String, limit: Duration
    ) async throws {
        try await serve { peers, path in
            let answer = try await send("POST", "/cordon", to: path, token: Self.token, content)
            #expect(answer.status == 200)
            #expect(peers.asked == ["cordon [r] \(limit)"])
        }
    }

    @Test func `a peer can read decisions and events, but only with the token`() async throws {
        try await serve { peers, path in
            let leader = try await send("POST", "/leader", to: path, token: Self.token, "{\"function\":\"f\"}")
            #expect(leader.status == 200)
            let view = try JSONDecoder().decode(LeaderView.self, from: Data(leader.body.utf8))
            #expect(view == LeaderView(isLeader: true, explanations: [:]))
            let events = try await send("POST", "/events", to: path, token: Self.token, "{\"after\":7}")
            let told = try JSONDecoder().decode([Event].self, from: Data(events.body.utf8))
            #expect(told.map(\.sequence) == [8])
            #expect(peers.asked == ["leader f", "events 7"])
            for (target, content) in [("/leader", "{}"), ("/events", "{\"after\":0}")] {
                #expect(try await send("POST", target, to: path, content).status == 403)
            }
        }
    }

    @Test(arguments: ["", "{", "[]", "{\"replicas\":1,\"milliseconds\":1}", "{\"peer\":\"b\"}", "\u{0}"])
    func `content of another form is rejected`(content: String) async throws {
        try await serve { peers, path in
            for target in ["/cordon", "/load"] {
                let answer = try await send("POST", target, to: path, token: Self.token, content)
                #expect(answer.status == 422)
                #expect(answer.problem != nil)
            }
            #expect(peers.asked.isEmpty)
        }
    }

    @Test(arguments: ["new", "token-of-all", "new token-of-all", "token-of-all older"])
    func `while a token is being replaced, both are accepted`(shown: String) async throws {
        try await serve(tokens: ["new", Self.token]) { peers, path in
            let content = "{\"replicas\":[],\"milliseconds\":5}"
            let answer = try await send("POST", "/cordon", to: path, token: shown, content)
            #expect(answer.status == 200)
        }
    }

    @Test func `the content of an unknown peer is not read`() async throws {
        try await serve { peers, path in
            var request = request("POST", "/load", to: path)
            let (content, end) = AsyncStream.makeStream(of: ByteBuffer.self)
            defer { end.finish() }
            request.body = .stream(content, length: .known(Int64(1000)))
            let answer = try await Answer(HTTPClient.shared.execute(request, timeout: .seconds(30)))
            #expect(answer.status == 403)
            #expect(peers.asked.isEmpty)
        }
    }

    @Test func `content that does not arrive in time is rejected`() async throws {
        let clock = ManualClock()
        try await serve(reader: PeerContentReader(clock: clock)) { peers, path in
            let (content, end) = AsyncStream.makeStream(of: ByteBuffer.self)
            defer { end.finish() }
            var request = request("POST", "/load", to: path, token: Self.token)
            request.body = .stream(content, length: .known(Int64(1000)))
            let status = Latest<Int?>(nil)
            try await withThrowingTaskGroup(of: Void.self) { [request] group in
                group.addTask {
                    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
                    status.publish(Int(response.status.code))
                }
                try await eventually("it is answered") {
                    clock.advance(by: .seconds(1))
                    return status.current != nil
                }
                try await group.waitForAll()
            }
            #expect(status.current == 408)
            #expect(peers.asked.isEmpty)
        }
    }

    @Test func `all requests together have a bound`() async throws {
        let reader = PeerContentReader(clock: ManualClock(), totalBytesMax: 50)
        try await serve(reader: reader) { peers, path in
            let large = "{\"replicas\":[\"\(String(repeating: "r", count: 50))\"],\"milliseconds\":5}"
            let rejected = try await send("POST", "/cordon", to: path, token: Self.token, large)
            #expect(rejected.status == 503)
            // A request that was rejected or answered takes no part of the bound.
            for _ in 0..<3 {
                let small = "{\"replicas\":[\"r\"],\"milliseconds\":5}"
                let accepted = try await send("POST", "/cordon", to: path, token: Self.token, small)
                #expect(accepted.status == 200)
            }
            #expect(peers.asked.count == 3)
        }
    }

    @Test func `a report without a bound is rejected`() async throws {
        try await serve { peers, path in
            let content = String(repeating: " ", count: 4 * 1024 * 1024 + 1)
            let answer = try await send("POST", "/load", to: path, token: Self.token, content)
            #expect(answer.status == 413)
            #expect(peers.asked.isEmpty)
        }
    }
}
