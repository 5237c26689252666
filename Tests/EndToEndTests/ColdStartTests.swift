import Glibc
import ProcessSupport
import Testing

extension EndToEndSerial {
    /// Requirement 1: the start from zero replicas.
    @Suite struct ColdStart {
        @Test func `hello starts from zero, scales back to zero and starts again`() async throws {
            let home = try TemporaryFolder()
            defer { home.remove() }
            let folder = home.path + "/functions"
            try Files.makeFolder(folder)
            let example = F2SBinary.repository + "/examples/hello"
            let files = Files.names(in: example)
            try #require(!files.isEmpty, "\(example) is missing")
            for name in files {
                let text = try Files.read("\(example)/\(name)").replacing("idle: 30s", with: "idle: 1s")
                try Files.write(text, to: "\(folder)/\(name)")
            }
            try await F2SServer.serve(folder: folder, home: home.path) { f2s in
                #expect(f2s.descendants.isEmpty, "nothing runs before the first request")
                var descriptors: Int?
                for round in 1...2 {
                    let begun = monotonicNanoseconds()
                    let answer = try f2s.get("/invoke/hello?name=Ada")
                    let answered = monotonicNanoseconds()
                    #expect(answer.status == 200)
                    #expect(answer.text == "Hello, Ada!\n")
                    #expect(f2s.descendants.isEmpty == false)
                    try eventually("hello is back at zero, without a child or a zombie") { f2s.descendants.isEmpty }
                    #expect(try f2s.metric("f2s_replicas_ready", ["hello"]) == 0)
                    if let descriptors {
                        try eventually("no descriptor is left over") {
                            ProcessTable.descriptors(of: f2s.process.id) <= descriptors
                        }
                    }
                    descriptors = ProcessTable.descriptors(of: f2s.process.id)
                    let idle = (monotonicNanoseconds() - answered).milliseconds
                    report(
                        1,
                        "hello, round \(round): from zero \((answered - begun).milliseconds),",
                        "back at zero after \(idle) (idle: 1 s), Server-Timing \(answer["server-timing"] ?? "none")")
                }
            }
        }

        /// The target ratio is 2. It is printed, and a busy machine may miss it. The test fails at twice the target.
        @Test func `a cold start takes little more time than a bare fork, exec and connect`() async throws {
            let rounds = 50
            let functions = try (0..<rounds).map { try FunctionManifest("cold-\($0)") }
            try await F2SServer.serve(functions) { f2s in
                try eventually("all are declared") { try f2s.get("/cluster").json["functions"]?.number == rounds }
                let connection = try f2s.connect()
                var cold: [Int64] = []
                var whole: [Int64] = []
                var bare: [BareStart] = []
                var timings: [String: [Int64]] = [:]
                for round in 0..<rounds {
                    let begun = monotonicNanoseconds()
                    let answer = try connection.exchange("GET", "/invoke/cold-\(round)")
                    try #require(answer.status == 200, "\(answer.text)")
                    let listening = try #require(answer["x-listening"].flatMap { Int64($0) })
                    cold.append(answer.firstByteAt - listening)
                    whole.append(answer.firstByteAt - begun)
                    for (stage, duration) in answer.serverTiming { timings[stage, default: []].append(duration) }
                    bare.append(try BareStart())
                }
                let median = cold.median
                let bareMedian = bare.map(\.whole).median
                let ratio = Double(median) / Double(bareMedian)
                report(
                    1,
                    "cold start, first byte − listening: median of \(rounds) \(median.milliseconds),",
                    "bare fork, exec and dial \(bareMedian.milliseconds), ratio \(ratio) (bar 2)")
                let wholeRatio = Double(whole.median) / Double(bareMedian)
                report(
                    1,
                    "cold start, request to response: median of \(rounds) \(whole.median.milliseconds) (bar 3 ms),",
                    "\(wholeRatio) x bare (goal 2)")
                let stages = timings.sorted { $0.key < $1.key }.map { "\($0) \($1.median.milliseconds)" }
                report(
                    1,
                    "bare first byte − listening \(bare.map(\.sinceListening).median.milliseconds);",
                    "medians of Server-Timing: \(stages.joined(separator: ", "))")
                #expect(Set(timings.keys) == ["queue", "start", "function"])
                #expect(ratio < 4)
                #expect(wholeRatio < 10, "five times the goal")
            }
        }
    }
}

/// The times of the same program without F2S: it is started, connected to as soon as it accepts, and sent one request.
private struct BareStart {
    /// The nanoseconds from the start of the program to the first byte.
    let whole: Int64
    /// The nanoseconds from the program's listening to the first byte.
    let sinceListening: Int64

    init() throws {
        let port = try freePort()
        let begun = monotonicNanoseconds()
        let process = try ChildProcess([try Workshop.current.function], environment: ["PORT=\(port)"])
        defer { process.end() }
        let connection = try Self.dial(port)
        let answer = try connection.exchange("GET", "/")
        whole = answer.firstByteAt - begun
        let listening = try #require(answer["x-listening"].flatMap { Int64($0) })
        sinceListening = answer.firstByteAt - listening
    }

    private static func dial(_ port: Int) throws -> HTTPConnection {
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            do {
                return try HTTPConnection(port: port)
            } catch HTTPConnection.Failure.cannotConnect(let reason) where ContinuousClock.now > deadline {
                throw HTTPConnection.Failure.cannotConnect(reason)
            } catch HTTPConnection.Failure.cannotConnect {}
        }
    }
}

extension HTTPAnswer {
    /// The durations of the field Server-Timing in nanoseconds.
    fileprivate var serverTiming: [String: Int64] {
        var found: [String: Int64] = [:]
        for entry in (self["server-timing"] ?? "").split(separator: ",") {
            let parts = entry.split(separator: ";").map { $0.drop { $0 == " " } }
            for part in parts.dropFirst() where part.hasPrefix("dur=") {
                found[String(parts[0])] = Double(part.dropFirst(4)).map { Int64($0 * 1_000_000) }
            }
        }
        return found
    }
}
