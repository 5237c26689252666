import Glibc
import ProcessSupport
import Testing

extension EndToEndSerial {
    /// A long run with all kinds of failures at once: clients that disconnect, stall and send malformed requests,
    /// functions that send incomplete responses and die, edits, deletions, kills and reloads. Part of `make soak`.
    @Suite(.enabled(if: ChaosRun.isWanted)) struct Chaos {
        @Test(arguments: ChaosRun.allLoops)
        func `no request is lost, mixed up, leaked or blocked in chaos`(loops: Int) async throws {
            let run = ChaosRun(loops: loops)
            print("chaos: \(loops) loops, \(run.seconds) s, F2S_CHAOS_SEED=\(run.seed)")
            do { try await run.run() } catch {
                Issue.record("F2S_CHAOS_SEED=\(run.seed), \(loops) loops: \(error)")
            }
        }
    }
}

/// One run of chaos and its checks.
struct ChaosRun: Sendable {
    /// The resources of F2S while it is idle.
    private struct Footprint: Sendable, CustomStringConvertible {
        let descriptors: Int
        let threads: Int
        let kibibytes: Int

        init(of process: pid_t) throws {
            descriptors = ProcessTable.descriptors(of: process)
            threads = Files.names(in: "/proc/\(process)/task").count
            kibibytes = try ProcessTable.kibibytes("VmRSS", of: process)
        }

        var description: String { "\(descriptors) descriptors, \(threads) threads, \(kibibytes) KiB" }
    }

    let loops: Int
    let seed: UInt64
    let seconds: Int

    /// The longest allowed wait for a first replica of a calm function, in milliseconds.
    private static let startMax = 3000.0
    /// The growth of memory in KiB that is allowed: buffers, the event log, and tables in their peak size.
    private static let memoryMax = 48 * 1024
    /// The number of additional threads that is allowed. Pools start some threads only under load.
    private static let threadsMax = 2
    private static let clients = 24

    static var isWanted: Bool { getenv("F2S_CHAOS_SECONDS") != nil || getenv("F2S_SOAK") != nil }

    /// The numbers of event loops to run with.
    static var allLoops: [Int] { number("F2S_CHAOS_LOOPS").map { [Int($0)] } ?? [1, 2, 4] }

    init(loops: Int) {
        self.loops = loops
        seed = Self.number("F2S_CHAOS_SEED") ?? UInt64.random(in: 0..<1_000_000_000)
        seconds = Int(Self.number("F2S_CHAOS_SECONDS") ?? 600)
    }

    private static func number(_ name: String) -> UInt64? { getenv(name).flatMap { UInt64(String(cString: $0)) } }

    func run() async throws {
        let home = try TemporaryFolder()
        defer { home.remove() }
        let program = try FunctionCompiler.compile(
            F2SBinary.repository + "/Tests/EndToEndTests/Servers/chaos.c", to: home.path + "/chaos")
        let violations = home.path + "/violations"
        let functions = ChaosFunction.all(program: program, violations: violations)
        let folder = home.path + "/functions"
        try Files.makeFolder(folder)
        for function in functions { try Files.write(function.manifest.yaml, to: "\(folder)/\(function.name).yaml") }
        try await F2SServer.serve(folder: folder, home: home.path, settings: ChaosSettings.text(loops: loops)) { f2s in
            try warmUp(functions, f2s)
            let before = try settle(functions, f2s)
            let tally = ChaosTally()
            let edits = try await act(functions, tally, home.path, f2s)
            try checkFindings(tally, edits, functions, violations)
            try checkCounters(functions, f2s)
            try checkFootprint(before, functions, f2s)
        }
    }

    private func warmUp(_ functions: [ChaosFunction], _ f2s: F2SServer) throws {
        for function in functions {
            try eventually("\(function.name) answers") {
                try f2s.exchange("GET", "/invoke/\(function.name)").status == 200
            }
        }
    }

    /// Runs the clients and the edits at the same time.
    private func act(
        _ functions: [ChaosFunction], _ tally: ChaosTally, _ home: String, _ f2s: F2SServer
    ) async throws -> ChaosEdits {
        let (seed, seconds) = (seed, seconds)
        let edits = ChaosEdits(seed: seed, on: f2s, home: home, functions, tally)
        return try await withThrowingTaskGroup(of: ChaosEdits?.self) { group in
            for number in 1...Self.clients {
                let client = ChaosClient(number, seed: seed, on: f2s, functions, tally)
                group.addTask {
                    var client = client
                    client.run()
                    return nil
                }
            }
            group.addTask {
                var edits = edits
                defer { tally.end.raise() }
                try edits.run()
                return edits
            }
            group.addTask {
                let over = monotonicNanoseconds() + Int64(seconds) * 1_000_000_000
                while !tally.end.isRaised, monotonicNanoseconds() < over { pause(.milliseconds(100)) }
                tally.end.raise()
                return nil
            }
            var last = edits
            for try await ended in group { last = ended ?? last }
            return last
        }
    }

    /// Waits until nothing is in flight and every function is back at its minimum, and returns the footprint.
    private func settle(_ functions: [ChaosFunction], _ f2s: F2SServer) throws -> Footprint {
        try eventually("nothing is in flight", within: .seconds(30)) {
            let inFlight = try f2s.metric("f2s_requests_in_flight")
            return try inFlight + f2s.metric("f2s_requests_queued") == 0
        }
        try eventually("every function is back at its minimum", within: .seconds(60)) {
            let items = try f2s.get("/deployments").json["items"]?.list ?? []
            let minimum = functions.map(\.manifest.minReplicas).reduce(0, +)
            return items.map { $0["ready"]?.number ?? 0 }.reduce(0, +) == minimum
                && f2s.descendants.count == minimum
        }
        // Idle connections to replicas have their own timeout. Only the connection of the scrape remains.
        try eventually("connections are closed", within: .seconds(30)) { try f2s.metric("f2s_connections") == 0 }
        return try Footprint(of: f2s.process.id)
    }
}

// MARK: - Checks

extension ChaosRun {
    private func checkFindings(
        _ tally: ChaosTally, _ edits: ChaosEdits, _ functions: [ChaosFunction], _ violations: String
    ) throws {
        let counts = tally.counts
        let calm = functions.filter(\.isCalm).map(\.name)
        let slowest = counts.slowestStarts.filter { calm.contains($0.key) }.max { $0.value < $1.value }
        print(
            "chaos: \(counts.requests) requests, \(counts.outcomes.sorted { $0.key < $1.key }), \(edits.counts);",
            "slowest start \(slowest.map { "\($0.key) \($0.value) ms" } ?? "none"),",
            "all: \(counts.slowestStarts.mapValues { Int($0) }), queue \(counts.slowestQueue) ms,",
            "slowest rollout \(edits.slowestRollout.milliseconds)")
        for finding in counts.findings { print("chaos: finding: \(finding)") }
        #expect(counts.findingsTotal == 0, "seed \(seed)")
        #expect(slowest?.value ?? 0 <= Self.startMax, "seed \(seed)")
        let atOnce = ((try? Files.read(violations)) ?? "").split(separator: "\n").prefix(5)
        print("chaos: limits that functions have seen exceeded: \(atOnce.count)")
        #expect(atOnce.isEmpty, "seed \(seed)")
    }

    /// Checks that every accepted invocation has exactly one outcome.
    private func checkCounters(_ functions: [ChaosFunction], _ f2s: F2SServer) throws {
        try eventually("nothing is in flight", within: .seconds(30)) {
            try f2s.metric("f2s_requests_in_flight") + f2s.metric("f2s_requests_queued") == 0
        }
        for function in functions {
            let label = "function=\"\(function.name)\""
            let incoming = try f2s.metric("f2s_requests_incoming_total", [label])
            let ended = try [
                "f2s_requests_completed_total", "f2s_requests_failed_total", "f2s_requests_abandoned_total",
            ].map { try f2s.metric($0, [label]) }
            print("chaos: \(function.name): \(incoming) invocations; completed, failed, abandoned: \(ended)")
            #expect(incoming == ended.reduce(0, +), "\(function.name), seed \(seed)")
        }
    }

    private func checkFootprint(_ before: Footprint, _ functions: [ChaosFunction], _ f2s: F2SServer) throws {
        var after = try settle(functions, f2s)
        func isBack() -> Bool {
            after.descriptors <= before.descriptors && after.threads <= before.threads + Self.threadsMax
        }
        // Idle connections to the remaining replica, and idle threads, end after some seconds.
        _ = try? eventually("descriptors and threads are back", within: .seconds(30)) {
            after = try Footprint(of: f2s.process.id)
            return isBack()
        }
        print("chaos: before: \(before); after: \(after)")
        #expect(isBack(), "seed \(seed)")
        #expect(after.kibibytes <= before.kibibytes + Self.memoryMax, "seed \(seed)")
        let zombies = f2s.descendants.count { $0.isZombie }
        #expect(zombies == 0)
    }
}
