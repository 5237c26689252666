import ProcessSupport
import Testing

extension EndToEndSerial {
    /// Must hold 7.
    @Suite struct ManyManifests {
        @Test func `1,000 manifests are served within 5 s, and a broken one harms none of the others`() async throws {
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
                // A method that is not declared is refused only where a function is declared, and starts nothing.
                let probe = try f2s.connect()
                for name in names {
                    try eventually("\(name) is routed", within: .seconds(5 * EndToEndSerial.patience)) {
                        try probe.exchange("GET", "/invoke/\(name)").status == 405
                    }
                }
                let served = monotonicNanoseconds() - f2s.startedAt
                report(7, "1,000 manifests: 999 routed \(served.milliseconds) after exec (promised: 5 s)")
                #expect(f2s.descendants.isEmpty)
                // They are counted, and do not bury what else is logged.
                #expect(!f2s.log.contains("is declared (many-"))

                #expect(try probe.exchange("GET", "/invoke/many-\(broken)").status == 404)
                let refusals = try f2s.get("/cluster").json["refusals"]?.list ?? []
                let refusal = try #require(refusals.first)
                #expect(refusals.count == 1)
                #expect(refusal["place"]?.text == "many-\(broken).yaml")
                #expect(refusal["line"]?.number == 10)
                let message = try #require(refusal["message"]?.text)
                #expect(message.contains("target.maxReplica"))
                #expect(f2s.log.contains("many-\(broken).yaml:10"))
                report(7, "refused: \(refusal["place"]?.text ?? ""):\(refusal["line"]?.number ?? 0): \(message)")

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
