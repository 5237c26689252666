import ProcessSupport
import Testing

extension EndToEndSerial {
    /// Requirement 3: scaling and edits under load.
    @Suite struct ScalingUnderLoad {
        @Test func `10,000 requests survive scaling and ten edits of the manifest`() async throws {
            let executions = try Workshop.current.folder + "/executions-scaling.txt"
            let first = try FunctionManifest("elastic").with {
                $0.concurrency = 4
                $0.maxReplicas = 1
                $0.environment = ["DELAY": "8", "EXECUTIONS": executions, "REVISION": "0"]
            }
            try await F2SServer.serve([first]) { f2s in
                try eventually("elastic is declared") { try f2s.get("/cluster").json["functions"]?.number == 1 }
                let load = Load(on: f2s, "/invoke/elastic", connections: 12)
                async let running = load.run()
                let begun = monotonicNanoseconds()
                do { try Self.drive(f2s, load, from: first) } catch {
                    load.stop()
                    report(3, "outcomes: \(try await running.endings)")
                    throw error
                }
                load.stop()
                let outcomes = try await running
                let counts = Executions(file: executions).counts
                let retried = Int(try f2s.metric("f2s_requests_retried_total"))
                let gets = outcomes.filter { !$0.isPost }
                let posts = outcomes.filter(\.isPost)
                let twice = gets.filter { counts[$0.number, default: 0] > 1 }
                let time = (monotonicNanoseconds() - begun).milliseconds
                report(
                    3,
                    "\(outcomes.count) requests in \(time), \(posts.count) of them POST, 1→5→1→0→3 replicas, 10 edits;",
                    "not answered: \(outcomes.endings);",
                    "GETs executed twice by rule (b): \(twice.count), retries: \(retried), at most \(load.most) at once"
                )

                #expect(outcomes.count >= 10_000)
                #expect(gets.failed.isEmpty, "no idempotent request fails")
                let allowed = Load.Outcome.Ending.problem(status: 502, stage: "function")
                #expect(posts.failed.filter { $0.ending != allowed }.isEmpty, "a POST fails only once it was written")
                #expect(posts.filter { counts[$0.number, default: 0] > 1 }.isEmpty, "no POST is executed twice")
                let lost = outcomes.filter { $0.ending == .answered && counts[$0.number] == nil }
                #expect(lost.isEmpty, "every answered request was executed")
                #expect(twice.count <= retried)
                #expect(load.most <= 4)
            }
        }

        /// Makes ten edits and waits for the effect of each.
        private static func drive(_ f2s: F2SServer, _ load: Load, from first: FunctionManifest) throws {
            var function = first
            var edits = 0
            func edit(_ what: String, replicas: Int, _ change: (inout FunctionManifest) -> Void) throws {
                change(&function)
                try f2s.edit(function)
                edits += 1
                let revision = function.environment["REVISION"]
                try eventually("edit \(edits) (\(what)) has led to \(replicas) replicas") {
                    let items = try f2s.get("/deployments").json["items"]?.list ?? []
                    let view = items.first { $0["function"]?.text == function.name }
                    return view?["ready"]?.number == replicas && view?["replicas"]?.number == replicas
                        && (replicas == 0 || load.revision == revision)
                }
            }
            func bounds(_ range: ClosedRange<Int>) -> (inout FunctionManifest) -> Void {
                { ($0.minReplicas, $0.maxReplicas) = (range.lowerBound, range.upperBound) }
            }

            try eventually("the load is answered") { load.pid > 0 }
            try edit("1→5", replicas: 5, bounds(5...5))
            try edit("a new revision", replicas: 5) { $0.environment["REVISION"] = "1" }
            try edit("5→1", replicas: 1, bounds(1...1))
            try edit("a new revision", replicas: 1) { $0.environment["REVISION"] = "2" }
            try edit("1→2", replicas: 2, bounds(2...2))
            try edit("another timeout", replicas: 2) { $0.timeout = "20s" }
            try load.pauseSending()
            try edit("2→0", replicas: 0, bounds(0...5))
            try eventually("no child is left") { f2s.descendants.isEmpty }
            load.resumeSending()
            try edit("0→3", replicas: 3, bounds(3...3))
            try edit("a new revision", replicas: 3) { $0.environment["REVISION"] = "3" }
            try edit("a revision and a limit", replicas: 3) {
                $0.environment["REVISION"] = "4"
                $0.concurrency = 3
            }
            try eventually("10,000 requests were sent", within: .seconds(60)) { load.count >= 10_000 }
            #expect(edits == 10)
        }
    }
}
