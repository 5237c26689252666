import Glibc
import ProcessSupport
import Testing

extension EndToEndSerial {
    /// A draining replica may finish its invocations within `target.drainTimeout`.
    @Suite struct DrainTimeout {
        enum Change: CaseIterable {
            case edit, delete

            func make(of function: FunctionManifest, _ f2s: F2SServer) throws {
                switch self {
                case .edit: try f2s.edit(function.with { $0.environment = ["REVISION": "2"] })
                case .delete: #expect(unlink("\(f2s.folder)/\(function.name).yaml") == 0)
                }
            }
        }

        private static let drainTimeout: Int64 = 1_500_000_000

        @Test(arguments: Change.allCases, [1, 2, 4])
        func `a long stream is cut only after the drain timeout, and the cut is logged and counted`(
            change: Change, loops: Int
        ) async throws {
            let function = try FunctionManifest("long").with { ($0.minReplicas, $0.drainTimeout) = (1, "1500ms") }
            try await F2SServer.serve([function], settings: "f2s:\n  loops: \(loops)\n") { f2s in
                try eventually("it answers") { try f2s.get("/invoke/long").status == 200 }
                let stream = try f2s.connect()
                try stream.send("GET", "/invoke/long/stream")
                #expect(try stream.head().status == 200)
                let short = try f2s.connect()
                try short.send("GET", "/invoke/long?delay=700")
                try eventually("both are in flight") {
                    try f2s.get("/dispatcher").json["functions"]?["long"]?["inFlight"]?.number == 2
                }
                let changed = monotonicNanoseconds()
                try change.make(of: function, f2s)
                var bytes = 0
                #expect(throws: HTTPConnection.Failure.closedWithinAnswer) {
                    while let chunk = try stream.chunk() {
                        bytes += chunk.count
                        pause(.milliseconds(5))
                    }
                }
                let time = monotonicNanoseconds() - changed
                report(
                    10, "\(change), \(loops) loops: a stream was cut after \(time.milliseconds) of 1500 ms,",
                    "\(bytes) bytes were read in the meantime")
                #expect(time >= Self.drainTimeout)
                #expect(time < Self.drainTimeout * Int64(EndToEndSerial.timeout))
                let answer = try short.answer()
                #expect(answer.status == 200, "an invocation that ends in time is not cut: \(answer.text)")
                #expect(try f2s.metric("f2s_invocations_cut_total") == 1)
                try eventually("it is logged") {
                    f2s.log.contains("is stopped with 1 invocation in flight")
                }
                let events = try f2s.get("/events?follow=false").json["items"]?.list ?? []
                #expect(events.count { $0["reason"]?.text == "InvocationsCut" } == 1)
            }
        }

        @Test func `a stream that ends within the drain timeout is complete and no cut is counted`() async throws {
            let function = try FunctionManifest("long").with { ($0.minReplicas, $0.drainTimeout) = (1, "20s") }
            try await F2SServer.serve([function]) { f2s in
                try eventually("it answers") { try f2s.get("/invoke/long").status == 200 }
                let stream = try f2s.connect()
                let count = 40 << 20
                try stream.send("GET", "/invoke/long/stream?count=\(count)")
                #expect(try stream.head().status == 200)
                try f2s.edit(function.with { $0.environment = ["REVISION": "2"] })
                try eventually("the new revision answers") { try f2s.get("/invoke/long")["x-revision"] == "2" }
                try stream.skip(count)
                #expect(try f2s.metric("f2s_invocations_cut_total") == 0)
                #expect(!f2s.log.contains("InvocationsCut"))
            }
        }
    }
}
