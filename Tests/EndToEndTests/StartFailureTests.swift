import ProcessSupport
import Testing

extension EndToEndSerial {
    /// Requirement 5: failed starts.
    @Suite struct StartFailure {
        private static let scalingTimeout = Duration.seconds(3)
        private static let settings = "f2s:\n  timeouts:\n    scaling_timeout: 3000\n"

        /// A function that cannot start, and the expected problem for its callers.
        struct Broken: Sendable, CustomTestStringConvertible {
            let name: String
            let command: [String]?
            let mode: [String]
            let status: Int
            let reason: String
            let exitStatus: Int?
            let log: String?

            var testDescription: String { name }

            func manifest(starts: String) throws -> FunctionManifest {
                let function =
                    try command.map { FunctionManifest(name, command: $0) } ?? FunctionManifest(name, mode: mode)
                return function.with { $0.environment = ["STARTS": starts] }
            }
        }

        private static let broken = [
            Broken(
                name: "missing", command: ["no-such-program", "--serve"], mode: [], status: 502,
                reason: "MissingProgram",
                exitStatus: 127, log: "no-such-program"),
            Broken(
                name: "exits", command: nil, mode: ["exit", "3"], status: 502, reason: "ExitedAtStart", exitStatus: 3,
                log: "no settings: giving up"),
            Broken(
                name: "deaf", command: nil, mode: ["deaf"], status: 504, reason: "NeverListened", exitStatus: nil,
                log: "thinking about it"),
            Broken(
                name: "elsewhere", command: nil, mode: ["elsewhere"], status: 504, reason: "NeverListened",
                exitStatus: nil, log: "listening"),
        ]

        @Test(arguments: broken)
        func `a failed start is reported in time and once, and retried with a backoff`(_ broken: Broken) async throws {
            let starts = try Workshop.current.folder + "/starts-\(broken.name).txt"
            let functions = [try broken.manifest(starts: starts), try FunctionManifest("sound")]
            try await F2SServer.serve(functions, settings: Self.settings) { f2s in
                try eventually("both are declared") { try f2s.get("/cluster").json["functions"]?.number == 2 }
                let isOver = Flag()
                let others = try await withThrowingTaskGroup(of: [Int].self) { group in
                    group.addTask { try Self.callUntil({ isOver.isRaised }, f2s, "/invoke/sound") }
                    group.addTask {
                        defer { isOver.raise() }
                        try Self.expectFailure(broken, f2s)
                        try Self.expectSlowRestarts(broken, f2s, starts: starts)
                        return []
                    }
                    return try await group.reduce(into: []) { $0 += $1 }
                }
                #expect(others.count > 100)
                #expect(others.allSatisfy { $0 == 200 }, "the other function is unaffected")
                report(5, "\(broken.name): meanwhile \(others.count) invocations of another function, all answered")
            }
        }

        /// The first caller waits for the start, and gets the complete problem.
        private static func expectFailure(_ broken: Broken, _ f2s: F2SServer) throws {
            let begun = ContinuousClock.now
            let answer = try f2s.get("/invoke/\(broken.name)")
            let time = ContinuousClock.now - begun
            let problem = try answer.json
            report(
                5, "\(broken.name): \(answer.status) after \(time), stage \(problem["stage"]?.text ?? "none"),",
                "reason \(problem["reason"]?.text ?? "none"), exitStatus \(problem["exitStatus"]?.number ?? -1)")
            #expect(answer.status == broken.status)
            #expect(answer["content-type"] == "application/problem+json")
            #expect(problem["stage"]?.text == "start")
            #expect(problem["reason"]?.text == broken.reason)
            #expect(problem["exitStatus"]?.number == broken.exitStatus)
            #expect(problem["function"]?.text == broken.name)
            if let log = broken.log {
                let tail = problem["logTail"]?.list.compactMap(\.text) ?? []
                #expect(tail.contains { $0.contains(log) }, "\(answer.text)")
            }
            #expect(time < scalingTimeout * EndToEndSerial.timeout)
            let conditions = try eventually("the status has the condition StartFailed") {
                let found = try f2s.get("/functions/\(broken.name)").json["status"]?["conditions"]?.list ?? []
                return found.contains { $0["type"]?.text == "StartFailed" } ? found : nil
            }
            let failures = conditions.filter { $0["type"]?.text == "StartFailed" }
            #expect(failures.count == 1)
            #expect(failures.first?["status"]?.text == "True")
            #expect(failures.first?["reason"]?.text == broken.reason)
        }

        /// The backoff after failures is 1, 2, 4 … seconds, so within 4 s of requests there are at most three starts.
        private static func expectSlowRestarts(_ broken: Broken, _ f2s: F2SServer, starts: String) throws {
            let end = ContinuousClock.now + .seconds(4)
            var statuses: [Int: Int] = [:]
            while ContinuousClock.now < end {
                statuses[try f2s.get("/invoke/\(broken.name)").status, default: 0] += 1
                pause(.milliseconds(20))
            }
            #expect(Set(statuses.keys).isSubset(of: [502, 504]))
            // A missing program cannot count its starts.
            guard broken.command == nil else { return }
            let started = try Files.read(starts).split(separator: "\n").count
            let events = try f2s.get("/events?follow=false").json["items"]?.list ?? []
            let told = events.filter { $0["reason"]?.text == "StartFailed" && $0["function"]?.text == broken.name }
            report(
                5, "\(broken.name): \(statuses.values.reduce(0, +)) more callers in 4 s, \(started) starts in all,",
                "\(told.count) StartFailed event")
            #expect((1...3).contains(started))
            #expect(told.count == 1)
        }

        private static func callUntil(_ isOver: () -> Bool, _ f2s: F2SServer, _ target: String) throws -> [Int] {
            let connection = try f2s.connect()
            var statuses: [Int] = []
            while !isOver() {
                statuses.append(try connection.exchange("GET", target).status)
                pause(.milliseconds(5))
            }
            return statuses
        }
    }
}
