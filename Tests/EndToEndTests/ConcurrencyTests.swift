import ProcessSupport
import Testing

extension EndToEndSerial {
    /// Requirement 2: the concurrency limit of a replica.
    @Suite struct Concurrency {
        @Test func `100 callers of a cold function with one slot per replica all get a response`() async throws {
            let function = try FunctionManifest("single").with {
                $0.concurrency = 1
                $0.maxReplicas = 3
                $0.environment = ["DELAY": "20"]
            }
            try await F2SServer.serve([function]) { f2s in
                try eventually("single is declared") { try f2s.get("/cluster").json["functions"]?.number == 1 }
                let begun = monotonicNanoseconds()
                let answers = try await atOnce(100) { _ in try f2s.get("/invoke/single") }
                let time = (monotonicNanoseconds() - begun).milliseconds
                let failed = answers.filter { $0.status != 200 }
                let pids = Set(answers.compactMap { $0["x-pid"] })
                let most = answers.compactMap { $0["x-most"].flatMap { Int($0) } }.max() ?? 0
                let events = try f2s.get("/events?follow=false").json["items"]?.list ?? []
                let scalings = events.filter { $0["reason"]?.text == "Scaled" }.compactMap { $0["message"]?.text }
                let activations = try f2s.metric("f2s_activations_total", ["\"single\""])
                report(
                    2,
                    "100 parallel in \(time): \(100 - failed.count) answered, at most \(most) at once",
                    "in a replica, \(pids.count) replicas, \(Int(activations)) activation;",
                    scalings.joined(separator: " ")
                )
                #expect(failed.isEmpty, "\(failed.first?.text ?? "")")
                #expect(most == 1)
                #expect((1...3).contains(pids.count))
                #expect(activations == 1)
            }
        }
    }
}
