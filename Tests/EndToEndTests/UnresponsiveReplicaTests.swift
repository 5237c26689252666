import Glibc
import ProcessSupport
import Testing

extension EndToEndSerial {
    /// A replica that never finishes an abandoned invocation.
    @Suite struct UnresponsiveReplica {
        /// An executed invocation and its process.
        private struct Run: Equatable {
            let call: String
            let process: pid_t
        }

        /// Reads the file `EXECUTIONS` of the compiled function, which contains the requests with the field `X-Call`.
        private func runs(_ file: String) -> [Run] {
            ((try? Files.read(file)) ?? "").split(separator: "\n").compactMap { line in
                let words = line.split(separator: " ")
                guard words.count == 3, let process = pid_t(words[2]) else { return nil }
                return Run(call: String(words[1]), process: process)
            }
        }

        /// Begins an invocation of ten minutes, which is abandoned: the caller disconnects, or gets 504.
        private func abandon(_ f2s: F2SServer, executions: String, isTimedOut: Bool) throws {
            let caller = try f2s.connect()
            try caller.send("GET", "/invoke/stuck?delay=600000", [("X-Call", "endless")])
            try eventually("it has begun") { !runs(executions).isEmpty }
            if isTimedOut { #expect(try caller.answer().status == 504) }
            withExtendedLifetime(caller) {}
        }

        /// - Parameter timeout: The value of `target.timeout`; `nil`: the caller disconnects.
        @Test(arguments: [nil, "1s"] as [String?])
        func `a replica that never finishes an abandoned invocation is replaced and gets no second one`(
            timeout: String?
        ) async throws {
            let home = try TemporaryFolder()
            defer { home.remove() }
            let executions = home.path + "/executions"
            let function = try FunctionManifest("stuck").with {
                ($0.concurrency, $0.maxReplicas, $0.idle, $0.timeout) = (1, 1, "600s", timeout)
                $0.environment = ["EXECUTIONS": executions]
            }
            let settings = "f2s:\n  timeouts:\n    abandoned_timeout: 500\n"
            try await F2SServer.serve([function], settings: settings) { f2s in
                let stuck = try eventually("stuck answers") { () -> pid_t? in
                    let answer = try f2s.get("/invoke/stuck")
                    return answer.status == 200 ? answer["x-pid"].flatMap { pid_t($0) } : nil
                }
                let family = f2s.descendants
                try abandon(f2s, executions: executions, isTimedOut: timeout != nil)
                let next = try eventually("the next caller is answered") { () -> HTTPAnswer? in
                    let answer = try f2s.exchange("GET", "/invoke/stuck", [("X-Call", "next")])
                    // A caller waits for the slot no longer than the function's timeout.
                    return timeout != nil && answer.status == 504 ? nil : answer
                }
                #expect(next.status == 200, "\(next.text)")
                #expect(next["x-most"] == "1")
                let other = try #require(next["x-pid"].flatMap { pid_t($0) })
                #expect(other != stuck)
                // The function logs each execution: no other invocation ran beside the endless one.
                let noted = [Run(call: "endless", process: stuck), Run(call: "next", process: other)]
                #expect(runs(executions) == noted)
                try eventually("the stuck process is stopped") { ProcessTable.running(family).isEmpty }
                let events = (try f2s.get("/events?follow=false").json["items"]?.list ?? []).filter {
                    $0["reason"]?.text == "ReplicaUnresponsive"
                }
                #expect(events.map { $0["function"]?.text } == ["stuck"])
                #expect(events.first?["message"]?.text?.contains("f2s.timeouts.abandoned_timeout") == true)
            }
        }
    }
}
