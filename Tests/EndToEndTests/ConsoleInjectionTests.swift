import ProcessSupport
import Testing

/// Texts that attack the console's page, in a real browser (Browser/injections.py).
@Suite(.serialized, .workshop) struct ConsoleInjectionTests {
    @Test func `a text that attacks the page is shown as a text, wherever it comes from`() async throws {
        let console = try freePort()
        try await F2SServer.serve([try FunctionManifest("quiet")], console: console) { f2s in
            let origins = ["http://127.0.0.1:\(console)", "http://127.0.0.1:\(f2s.port)"]
            var strings = 0
            var places: Set<String> = []
            for part in ["typed", "declared", "answered"] {
                let findings = try BrowserScript.run("injections.py", [part] + origins + [f2s.folder])
                for defect in ["failures", "errors", "foreign", "violations"] {
                    let found = findings[defect]?.list
                    #expect(found?.isEmpty == true, "\(part): \(defect): \(found ?? [])")
                }
                strings = findings["strings"]?.number ?? 0
                guard case .object(let counts)? = findings["places"] else { continue }
                places.formUnion(counts.keys)
            }
            report(5, "\(strings) strings in \(places.count) places: \(places.sorted().joined(separator: ", "))")
            #expect(strings >= 21)
            #expect(places.count >= 30)
        }
    }
}
