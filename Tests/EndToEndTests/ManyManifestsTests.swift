import ProcessSupport
import Testing

extension EndToEndSerial {
    /// Requirement 7: many manifests.
    @Suite struct ManyManifests {
        @Test func `1,000 manifests are served within 5 s, and a broken one does not affect the others`() async throws {
            let broken = 500
            let home = try TemporaryFolder()
            defer { home.remove() }
            let folder = home.path + "/functions"
            try Files.makeFolder(folder)
            for number in 0..<1000 {
                let function = try FunctionManifest("many-\(number)").with {
                    $0.method = "POST"
                    $0.maxReplicas = 2
                }
                let text = number == broken ? function.yaml.replacing("maxReplicas", with: "maxReplica") : function.yaml
                try Files.write(text, to: "\(folder)/many-\(number).yaml")
            }
            let names = (0..<1000).filter { $0 != broken }.map { "many-\($0)" }
            try await F2SServer.serve(folder: folder, home: home.path) { f2s in
                // An undeclared method gets 405 only if the function is routed, and starts nothing.
                let probe = try f2s.connect()
                for name in names {
                    try eventually("\(name) is routed", within: .seconds(5 * EndToEndSerial.timeout)) {
                        try probe.exchange("GET", "/invoke/\(name)").status == 405
                    }
                }
                let served = monotonicNanoseconds() - f2s.startedAt
                report(7, "1,000 manifests: 999 routed \(served.milliseconds) after exec (promised: 5 s)")
                #expect(f2s.descendants.isEmpty)
                // Many declarations are logged as a count, so that they do not hide other lines.
                #expect(!f2s.log.contains("is declared (many-"))

                #expect(try probe.exchange("GET", "/invoke/many-\(broken)").status == 404)
                let rejections = try f2s.get("/cluster").json["rejections"]?.list ?? []
                let rejection = try #require(rejections.first)
                #expect(rejections.count == 1)
                #expect(rejection["location"]?.text == "many-\(broken).yaml")
                #expect(rejection["line"]?.number == 10)
                let message = try #require(rejection["message"]?.text)
                #expect(message.contains("target.maxReplica"))
                #expect(f2s.log.contains("many-\(broken).yaml:10"))
                report(7, "error: \(rejection["location"]?.text ?? ""):\(rejection["line"]?.number ?? 0): \(message)")

                let begun = monotonicNanoseconds()
                let statuses = try await atOnce(4) { worker in
                    let connection = try f2s.connect()
                    return try names.indices.filter { $0 % 4 == worker }.map { index in
                        try connection.exchange("POST", "/invoke/\(names[index])", body: []).status
                    }
                }.flatMap(\.self)
                #expect(statuses.count == 999)
                #expect(statuses.allSatisfy { $0 == 200 })
                report(7, "999 functions started and answered in \((monotonicNanoseconds() - begun).milliseconds)")
            }
        }
    }
}
