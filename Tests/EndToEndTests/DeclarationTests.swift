import Glibc
import ProcessSupport
import Testing

extension EndToEndSerial {
    /// Manifests that are written, edited and deleted.
    @Suite struct Declarations {
        @Test func `a new manifest is served at once, and each change is logged with file and address`() async throws {
            try await F2SServer.serve([try FunctionManifest("first")]) { f2s in
                try eventually("the declaration is logged") {
                    f2s.log.contains(
                        "Function first is declared (first.yaml:1): http://127.0.0.1:\(f2s.port)/invoke/first")
                }
                let connection = try f2s.connect()
                var times: [Int64] = []
                for number in 0..<5 {
                    let function = try FunctionManifest("new-\(number)").with { $0.method = "GET" }
                    let begun = monotonicNanoseconds()
                    try f2s.edit(function)
                    // Status 405 instead of 404 shows that the function is routed, without a start.
                    try eventually("it is served") {
                        try connection.exchange("POST", "/invoke/new-\(number)", body: []).status == 405
                    }
                    times.append(monotonicNanoseconds() - begun)
                }
                report(2, "from a manifest's write to its service: median \(times.median.milliseconds) of 5")
                #expect(times.median < 5 * 150_000_000)
                // A new sub-folder, and a manifest in it a little later.
                try Files.makeFolder("\(f2s.folder)/below")
                try eventually("the folder is there") { Files.names(in: f2s.folder).contains("below") }
                let below = try FunctionManifest("below").with { $0.method = "GET" }
                let begun = monotonicNanoseconds()
                try Files.replace("\(f2s.folder)/below/below.yaml", with: below.yaml)
                try eventually("it is served") {
                    try connection.exchange("POST", "/invoke/below", body: []).status == 405
                }
                let time = monotonicNanoseconds() - begun
                report(2, "the same in a new sub-folder: \(time.milliseconds)")
                #expect(time < 5 * 150_000_000)
                try f2s.edit(try FunctionManifest("first").with { $0.method = "GET" })
                try eventually("the change is logged") {
                    f2s.log.contains(
                        "Function first has changed (first.yaml:1): GET http://127.0.0.1:\(f2s.port)/invoke/first")
                }
                unlink("\(f2s.folder)/new-0.yaml")
                try eventually("the deletion is logged") {
                    f2s.log.contains("Function new-0 is not declared any more (new-0.yaml:1).")
                }
                let page = try f2s.get("/").text
                #expect(page.contains("first: GET http://127.0.0.1:\(f2s.port)/invoke/first ("), "\(page)")
            }
        }
    }
}
