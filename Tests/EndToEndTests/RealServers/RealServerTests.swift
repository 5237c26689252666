import ProcessSupport
import Testing

extension EndToEndSerial {
    /// Common servers behave through F2S as they do without it. `make test` includes some of them, `make soak` all.
    @Suite struct RealServers {
        @Test(arguments: [1, 2, 4])
        func `real servers respond through F2S as without it, also after scaling to zero`(loops: Int) async throws {
            let servers = RealServer.ofThisRun
            let settings = "f2s:\n  loops: \(loops)\n"
            try await F2SServer.serve(try servers.map { try $0.manifest() }, settings: settings) { f2s in
                for server in servers {
                    for check in server.checks { expect(check, server, f2s, loops) }
                }
                try eventually("all are back at zero", within: .seconds(60)) { f2s.descendants.isEmpty }
                for server in servers { expect(.cold, server, f2s, loops) }
            }
        }

        private func expect(_ check: ServerCheck, _ server: RealServer, _ f2s: F2SServer, _ loops: Int) {
            let begun = monotonicNanoseconds()
            let what = "\(server.name), \(check.rawValue), \(loops) loops"
            do { try check.run(server, f2s) } catch { Issue.record("\(what): \(error)") }
            let time = monotonicNanoseconds() - begun
            if check == .cold { report(3, "\(server.name), \(loops) loops: from zero \(time.milliseconds)") }
        }
    }
}
