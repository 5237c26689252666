import Glibc
import ProcessSupport
import Testing

extension EndToEndSerial {
    /// The behaviour of f2s when file descriptors run out.
    @Suite struct Descriptors {
        /// True if the test may read the descriptors of f2s. F2S hides them from its own user, because functions are
        /// processes of that user.
        private static let mayScan = geteuid() == 0

        /// Sets the limit of a process so that it can open `free` more files.
        private func allow(_ free: Int, _ process: pid_t) throws {
            let used = Set(Files.names(in: "/proc/\(process)/fd").compactMap { Int($0) })
            var limit = 0
            var left = free
            while left > 0 || used.contains(limit) {
                if !used.contains(limit) { left -= 1 }
                limit += 1
            }
            try set(limit: limit, of: process)
        }

        private func set(limit: Int, of process: pid_t) throws {
            let program = try ChildProcess(["prlimit", "--pid", "\(process)", "--nofile=\(limit):"])
            #expect(try program.waitForEnd(within: .seconds(10)) == 0)
        }

        private func settings(loops: Int) -> String {
            "f2s:\n  loops: \(loops)\n  limits:\n    drain_timeout: 2000\n  timeouts:\n    scaling_timeout: 3000\n"
        }

        /// The numbers of free descriptors to test. With two loops, all up to 20; else only those at which another step
        /// of a start is the first to fail. `make soak` tests all of them.
        private static func numbersFree(loops: Int) -> [Int] {
            getenv("F2S_SOAK") != nil || loops == 2 ? Array(0...20) : [0, 1, 2, 5, 7, 8, 9, 11, 20]
        }

        @Test(.enabled(if: mayScan), arguments: [1, 2, 4])
        func `f2s survives a lack of descriptors, reports it and recovers`(loops: Int) async throws {
            var functions = try (0...20).map { try FunctionManifest("cold-\($0)").with { $0.idle = "60s" } }
            functions.append(try FunctionManifest("warm").with { $0.idle = "60s" })
            try await F2SServer.serve(functions, settings: settings(loops: loops)) { f2s in
                try eventually("warm answers") { try f2s.get("/invoke/warm").status == 200 }
                var statuses: [String] = []
                for free in Self.numbersFree(loops: loops) {
                    try allow(free, f2s.process.id)
                    // The first request may not even be accepted. The second one tests a warm function.
                    for target in ["/invoke/cold-\(free)", "/invoke/warm"] {
                        let answer = try? f2s.connect(silence: .seconds(1)).exchange("GET", target)
                        statuses.append(answer.map { "\($0.status)" } ?? "–")
                        if let answer, answer.status >= 500 {
                            #expect(answer.text.contains("descriptors"), "\(free) free: \(answer.text)")
                        }
                    }
                    #expect(try f2s.process.endIfOver() == nil, "\(free) free: f2s still runs")
                    try set(limit: 4096, of: f2s.process.id)
                    try eventually("cold-\(free) answers again, after \(free) free", within: .seconds(25)) {
                        (try? f2s.connect(silence: .seconds(5)).exchange("GET", "/invoke/cold-\(free)").status) == 200
                    }
                }
                #expect(try f2s.get("/functions").status == 200)
                print("\(loops) loops, 0 to 20 descriptors free, cold and warm: \(statuses.joined(separator: " "))")
                f2s.process.send(signal: SIGTERM)
                #expect(try f2s.process.waitForEnd(within: .seconds(4 * EndToEndSerial.timeout)) == 0)
            }
        }

        /// The numbers of free descriptors at SIGTERM and of event loops. `make soak` tests every pair.
        private static let endings =
            getenv("F2S_SOAK") != nil
            ? (0...20).flatMap { free in [1, 2, 4].map { (free: free, loops: $0) } }
            : [(0, 1), (4, 2), (7, 4), (8, 1), (9, 2), (10, 4), (11, 1), (12, 2)].map { (free: $0, loops: $1) }

        @Test(.enabled(if: mayScan), arguments: endings)
        func `SIGTERM ends f2s in time with few free descriptors`(free: Int, loops: Int) async throws {
            let function = try FunctionManifest("warm").with { $0.idle = "60s" }
            try await F2SServer.serve([function, FunctionManifest("cold")], settings: settings(loops: loops)) { f2s in
                try eventually("warm answers") { try f2s.get("/invoke/warm").status == 200 }
                let family = f2s.family
                try allow(free, f2s.process.id)
                _ = try? f2s.connect(silence: .seconds(1)).exchange("GET", "/invoke/cold")
                f2s.process.send(signal: SIGTERM)
                let status = try f2s.process.waitForEnd(within: .seconds(4 * EndToEndSerial.timeout))
                #expect(status == 0, "\(f2s.log.suffix(4000))")
                #expect(ProcessTable.running(family).isEmpty)
            }
        }

        @Test(.enabled(if: mayScan))
        func `f2s survives a lack of descriptors while its threads are busy`() async throws {
            try await F2SServer.serve([try FunctionManifest("cold")], settings: settings(loops: 1)) { f2s in
                let connections = try (0..<16).map { _ in try f2s.connect() }
                let callAll = {
                    for connection in connections { try connection.send("GET", "/functions") }
                    return try connections.map { try $0.answer(to: "GET").status }
                }
                #expect(try callAll().allSatisfy { $0 == 200 })
                try allow(0, f2s.process.id)
                // Once per second, libdispatch checks the threads of a pool with pending work.
                let end = monotonicNanoseconds() + 4_000_000_000
                var statuses: [Int] = []
                while monotonicNanoseconds() < end, let more = try? callAll() { statuses += more }
                #expect(try f2s.process.endIfOver() == nil, "\(f2s.log.suffix(2000))")
                try set(limit: 4096, of: f2s.process.id)
                try eventually("it accepts connections again") {
                    (try? f2s.connect().exchange("GET", "/health").status) == 200
                }
                #expect(try f2s.get("/invoke/cold").status == 200)
                print(
                    "\(statuses.count) calls of the API without a free descriptor, 200: \(statuses.count { $0 == 200 })"
                )
            }
        }

        @Test(arguments: [1, 2, 4])
        func `connections never use the descriptors that a start needs`(loops: Int) async throws {
            let function = try FunctionManifest("cold")
            try await F2SServer.serve([function], settings: settings(loops: loops), descriptors: 512) { f2s in
                let first = try f2s.connect()
                #expect(try first.exchange("GET", "/health").status == 200)
                // Clients get 336 of the 512 descriptors. Further connections are refused or wait.
                var idle: [HTTPConnection] = []
                for _ in 0..<500 { idle.append(try f2s.connect()) }
                let answer = try first.exchange("GET", "/invoke/cold")
                #expect(answer.status == 200, "\(answer.text)")
                #expect(f2s.log.contains("client_connections=336"))
                f2s.process.send(signal: SIGTERM)
                #expect(try f2s.process.waitForEnd(within: .seconds(4 * EndToEndSerial.timeout)) == 0)
                #expect(idle.count == 500)
            }
        }

        /// While f2s is stopped, the system completes the connections of clients. f2s then accepts all of them in a few
        /// rounds of one loop, while the other loops start functions.
        @Test(arguments: [1, 2, 4])
        func `a burst of connections does not use the descriptors that a start needs`(loops: Int) async throws {
            let functions = try (0..<20).map { try FunctionManifest("cold-\($0)") }
            try await F2SServer.serve(functions, settings: settings(loops: loops), descriptors: 512) { f2s in
                // One client of each loop.
                let clients = try (0..<4).map { _ in try f2s.connect() }
                for client in clients { #expect(try client.exchange("GET", "/health").status == 200) }
                var failures: [String] = []
                for round in 0..<5 {
                    f2s.process.send(signal: SIGSTOP)
                    let burst = try (0..<800).map { _ in try f2s.connect() }
                    for (index, client) in clients.enumerated() {
                        try client.send("GET", "/invoke/cold-\(round * clients.count + index)")
                    }
                    f2s.process.send(signal: SIGCONT)
                    for client in clients {
                        let answer = try client.answer(to: "GET")
                        if answer.status != 200 { failures.append(answer.text) }
                    }
                    for connection in burst { connection.finishSending() }
                    try eventually("the connections of the burst are closed") {
                        try f2s.metric("f2s_connections") < 100
                    }
                }
                #expect(failures.isEmpty)
                print("must hold 5: \(loops) loops: 5 bursts of 800 connections: \(failures.count) of 20 starts failed")
            }
        }

        @Test func `the processes of a function that kills the launcher are ended`() async throws {
            let mark = "1\(UInt32.random(in: 100_000...999_999))"
            let script = "setsid sleep \(mark) & setsid setsid sleep \(mark) & kill -9 $PPID; exec sleep \(mark)"
            let function = FunctionManifest("rebel", command: ["sh", "-c", script])
            try await F2SServer.serve([function], settings: settings(loops: 1)) { f2s in
                #expect(try f2s.get("/invoke/rebel").status == 502)
                try eventually("nothing of it is left") {
                    !ProcessTable.all().contains { entry in
                        (try? Files.read("/proc/\(entry.id)/cmdline"))?.contains(mark) == true
                    }
                }
                try eventually("no zombie is left") { !f2s.descendants.contains(where: \.isZombie) }
            }
        }
    }
}
