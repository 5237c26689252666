import ProcessSupport
import Testing

extension EndToEndSerial {
    /// A write with the REST API takes effect before the next request.
    @Suite struct WritesInForce {
        private static let functions = 100

        @Test(arguments: [1, 2, 4])
        func `a declaration, edit or deletion with REST takes effect before the next request`(loops: Int) async throws {
            try await F2SServer.serve([], settings: "f2s: {loops: \(loops)}\n") { f2s in
                let manager = try f2s.connect()
                // Connections are distributed to the event loops in turn.
                let callers = try (0..<loops).map { _ in try f2s.connect() }
                for caller in callers { #expect(try caller.exchange("GET", "/invoke/none").status == 404) }
                var late: [String] = []
                func expect(_ status: Int, at path: String, after write: String) throws {
                    for caller in callers where try caller.exchange("GET", path).status != status {
                        late.append("\(write) \(path)")
                    }
                }
                for number in 0..<Self.functions {
                    let name = "written-\(number)"
                    // A request with another method gets 405 if the function is routed, and starts nothing.
                    var function = FunctionManifest(name, command: ["true"]).with { $0.method = "POST" }
                    func write(_ method: String, _ target: String) throws -> Int {
                        try manager.exchange(
                            method, target, [("Content-Type", "application/yaml")], body: Array(function.yaml.utf8)
                        ).status
                    }
                    #expect(try write("POST", "/functions") == 201)
                    try expect(405, at: "/invoke/\(name)", after: "POST")
                    function.endpoint = "/edited-\(number)"
                    #expect(try write("PUT", "/functions/\(name)") == 200)
                    try expect(405, at: "/invoke/edited-\(number)", after: "PUT")
                    try expect(404, at: "/invoke/\(name)", after: "PUT")
                    #expect(try manager.exchange("DELETE", "/functions/\(name)").status == 204)
                    try expect(404, at: "/invoke/edited-\(number)", after: "DELETE")
                }
                report(5, "\(loops) loops: \(late.count) of \(Self.functions * 3) writes did not take effect at once")
                #expect(late.isEmpty)
            }
        }
    }
}
