import ProcessSupport
import Testing

extension EndToEndSerial {
    /// The error for a mistyped name or path contains the right one.
    @Suite struct Mistyped {
        @Test func `the error for a mistyped command or query parameter suggests the right one`() async throws {
            try await F2SServer.serve([]) { f2s in
                let command = try Command(["descrbe", "x"], server: f2s)
                #expect(command.status == 2)
                #expect(command.errorText.contains("did you mean `f2s describe`?"), "\(command.errorText)")
                let query = try f2s.get("/functions?ouput=yaml")
                #expect(query.status == 400)
                #expect(try query.json["detail"]?.text?.contains("did you mean output?") == true)
                #expect(try f2s.get("/cluster?x").status == 400)
                #expect(try f2s.get("/health?probe=1").status == 200)
            }
        }

        @Test func `a path of the other port gets the address of that port`() async throws {
            try await F2SServer.serve([]) { f2s in
                for path in ["/metrics", "/ready"] {
                    let answer = try f2s.get(path)
                    #expect(answer.status == 404)
                    let detail = try answer.json["detail"]?.text ?? ""
                    #expect(detail.contains("http://127.0.0.1:\(f2s.operationsPort)\(path)"), "\(detail)")
                }
                for path in ["/events", "/docs", "/functions/x", "/", "/invoke/x"] {
                    let answer = try HTTPConnection(port: f2s.operationsPort).exchange("GET", path)
                    #expect(answer.status == 404)
                    let detail = try answer.json["detail"]?.text ?? ""
                    #expect(detail.contains("http://127.0.0.1:\(f2s.port)\(path)"), "\(detail)")
                }
            }
        }
    }
}
