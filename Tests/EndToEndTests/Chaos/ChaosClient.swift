import F2SModel
import ProcessSupport

/// A client that behaves correctly and incorrectly in many ways. Its seed determines its behaviour.
struct ChaosClient: Sendable {
    /// One request: its token, and the action of the function.
    private struct Request {
        let function: ChaosFunction
        let token: String
        let action: String
        let milliseconds: Int
        let size: Int

        var target: String { "/invoke/\(function.name)" }
        var fields: [(String, String)] {
            [("X-Token", token), ("X-Do", action), ("X-Ms", "\(milliseconds)"), ("X-Size", "\(size)")]
        }
    }

    private enum Conduct: CaseIterable {
        case plain, again, post, chunkedPost, slowPost, slowReader, abandon, resetWithin, halfClose, pipeline
        case brokenHead, brokenBody, garbage, tunnel
    }

    /// The actions of a replica, from which each request selects one.
    private static let actions = [
        "ok", "ok", "ok", "late", "chunked", "closed", "big", "reset", "half", "torn", "much", "early",
    ]

    private let number: Int
    private let server: F2SServer
    private let functions: [ChaosFunction]
    private let tally: ChaosTally
    private var random: SplitMix64
    private var sent = 0

    init(_ number: Int, seed: UInt64, on server: F2SServer, _ functions: [ChaosFunction], _ tally: ChaosTally) {
        self.number = number
        self.server = server
        self.functions = functions
        self.tally = tally
        random = SplitMix64(seed: seed &* 1000 &+ UInt64(number))
    }

    /// Sends requests until the tally's end.
    mutating func run() {
        while !tally.end.isRaised {
            let conduct = Conduct.allCases.randomElement(using: &random) ?? .plain
            let request = makeRequest()
            do { try act(conduct, request) } catch { note(error, conduct) }
            pause(.milliseconds(Int.random(in: 0...40, using: &random)))
        }
    }

    private mutating func makeRequest(_ function: ChaosFunction? = nil) -> Request {
        sent += 1
        let function = function ?? functions.randomElement(using: &random) ?? functions[0]
        var action = Self.actions.randomElement(using: &random) ?? "ok"
        if !function.isCalm, Int.random(in: 0..<20, using: &random) == 0 { action = "die" }
        var milliseconds = ["late", "chunked"].contains(action) ? Int.random(in: 0...400, using: &random) : 0
        if function.mayHang, Int.random(in: 0..<10, using: &random) == 0 {
            (action, milliseconds) = ("late", Int.random(in: 900...6000, using: &random))
        }
        return Request(
            function: function, token: "\(number)-\(sent)-\(random.next() % 1_000_000)", action: action,
            milliseconds: milliseconds, size: action == "big" ? Int.random(in: 0...200_000, using: &random) : 20)
    }

    private mutating func act(_ conduct: Conduct, _ request: Request) throws {
        switch conduct {
        case .plain: try plain(request, on: connect())
        case .again: try again(request)
        case .post, .chunkedPost, .slowPost: try post(request, conduct)
        case .slowReader: try readSlowly(request)
        case .abandon, .resetWithin: try abandon(request, byReset: conduct == .resetWithin)
        case .halfClose: try halfClose(request)
        case .pipeline: try pipeline(request)
        case .brokenHead, .brokenBody: try breakOff(request, conduct)
        case .garbage: try garbage()
        case .tunnel: try tunnel(request)
        }
    }

    private func connect(bufferBytes: Int = 65_536) throws -> HTTPConnection {
        try HTTPConnection(port: server.port, silence: .seconds(60), bufferBytes: bufferBytes)
    }

    private func plain(_ request: Request, on connection: HTTPConnection, _ method: String = "GET") throws {
        tally.countRequests()
        try connection.send(method, request.target, request.fields)
        try check(try connection.answer(), request)
    }

    private mutating func again(_ request: Request) throws {
        let connection = try connect()
        for _ in 0..<Int.random(in: 2...6, using: &random) { try plain(makeRequest(), on: connection) }
    }

    private mutating func post(_ request: Request, _ conduct: Conduct) throws {
        let connection = try connect()
        let part = [UInt8](repeating: UInt8(ascii: "x"), count: Int.random(in: 1...20_000, using: &random))
        let parts = Int.random(in: 1...6, using: &random)
        tally.countRequests()
        let framing =
            conduct == .chunkedPost
            ? ("Transfer-Encoding", "chunked") : ("Content-Length", "\(part.count * parts)")
        try connection.send("POST", request.target, request.fields + [framing])
        for _ in 0..<parts {
            if conduct == .slowPost { pause(.milliseconds(Int.random(in: 0...80, using: &random))) }
            let size = Array("\(String(part.count, radix: 16))\r\n".utf8)
            try connection.send(conduct == .chunkedPost ? size + part + Array("\r\n".utf8) : part)
        }
        if conduct == .chunkedPost { try connection.send("0\r\n\r\n") }
        try check(try connection.answer(to: "POST"), request)
    }

    private mutating func readSlowly(_ request: Request) throws {
        let connection = try connect(bufferBytes: 4096)
        tally.countRequests()
        try connection.send("GET", request.target, request.fields)
        let head = try connection.head()
        try checkHead(head, request)
        // A response without a length ends with its connection. The content of a chunked response is not read.
        var left = head["content-length"].flatMap { Int($0) } ?? (head["transfer-encoding"] == nil ? .max : 0)
        for _ in 0..<Int.random(in: 0...20, using: &random) where left > 0 {
            pause(.milliseconds(Int.random(in: 0...30, using: &random)))
            left -= try connection.some(upTo: left).count
        }
    }

    private mutating func abandon(_ request: Request, byReset: Bool) throws {
        let connection = try connect()
        tally.countRequests()
        try connection.send("GET", request.target, request.fields)
        pause(.milliseconds(Int.random(in: 0...150, using: &random)))
        if byReset { connection.endByReset() }
        tally.note("left")
    }

    private mutating func halfClose(_ request: Request) throws {
        let connection = try connect()
        tally.countRequests()
        try connection.send("GET", request.target, request.fields)
        connection.finishSending()
        try check(try connection.answer(), request)
    }

    private mutating func pipeline(_ request: Request) throws {
        let connection = try connect()
        let requests = (0..<3).map { _ in makeRequest() }
        tally.countRequests(3)
        for request in requests { try connection.send("GET", request.target, request.fields) }
        for request in requests { try check(try connection.answer(), request) }
    }

    private mutating func breakOff(_ request: Request, _ conduct: Conduct) throws {
        let connection = try connect()
        if conduct == .brokenHead {
            try connection.send("GET \(request.target) HTTP/1.1\r\nHost: local")
        } else {
            try connection.send("POST", request.target, request.fields + [("Content-Length", "100000")])
            try connection.send(String(repeating: "x", count: Int.random(in: 0...60_000, using: &random)))
        }
        pause(.milliseconds(Int.random(in: 0...50, using: &random)))
        if Bool.random(using: &random) { connection.endByReset() }
        tally.note("broken off")
    }

    private mutating func garbage() throws {
        let connection = try connect()
        let texts = ["\u{16}\u{3}\u{1}", "GET  / HTTP/1.1\r\n\r\n", "\r\n\r\n\r\nBAD\r\n\r\n"]
        try connection.send(texts.randomElement(using: &random) ?? "")
        connection.finishSending()
        while try connection.someOrEnd() != nil {}
        tally.note("garbage rejected")
    }

    private mutating func tunnel(_ request: Request) throws {
        let connection = try connect()
        tally.countRequests()
        let upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket")]
        try connection.send(
            "GET", request.target, request.fields.map { $0.0 == "X-Do" ? ("X-Do", "tunnel") : $0 } + upgrade)
        let head = try connection.head()
        try checkHead(head, request)
        guard head.status == 101 else { return }
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            try connection.send(request.token)
            var echo: [UInt8] = []
            while echo.count < request.token.utf8.count {
                echo += try connection.some(upTo: request.token.utf8.count - echo.count)
            }
            if echo != Array(request.token.utf8) {
                tally.find("tunnel of \(request.token): \(String(decoding: echo, as: UTF8.self))")
            }
        }
        if Bool.random(using: &random) { connection.endByReset() }
    }

    // MARK: Checks

    private func checkHead(_ answer: HTTPAnswer, _ request: Request) throws {
        tally.note("\(answer.status)")
        let name = request.function.name
        guard let token = answer["x-token"] else {
            let allowed = request.function.mayHang ? [404, 502, 503, 504] : [404, 502, 503]
            if !allowed.contains(answer.status) {
                tally.find("\(name), \(request.action): \(answer.status) \(answer.text.prefix(300))")
            }
            return
        }
        if token != request.token { tally.find("\(name): \(request.token) has the response to \(token)") }
        tally.note(answer, from: name)
    }

    private func check(_ answer: HTTPAnswer, _ request: Request) throws {
        try checkHead(answer, request)
        guard answer["x-token"] != nil, answer.status == 200 else { return }
        if !answer.body.starts(with: Array(request.token.utf8)) {
            tally.find("\(request.function.name): \(request.token) has the content \(answer.text.prefix(60))")
        }
    }

    private func note(_ error: any Error, _ conduct: Conduct) {
        switch error as? HTTPConnection.Failure {
        case .timedOut: tally.find("\(conduct): no data for a minute")
        case .malformed(let what): tally.find("\(conduct): malformed: \(what)")
        case .cannotConnect(let reason): tally.find("\(conduct): cannot connect: \(reason)")
        case .some(let failure): tally.note("\(failure)".split(separator: ":").first.map(String.init) ?? "")
        case nil: tally.find("\(conduct): \(error)")
        }
    }
}
