import ProcessSupport
import Testing

/// The console among many functions (Browser/scale.py). Its bars are far from what is gated, so it runs beside other
/// tests.
@Suite(.serialized, .workshop) struct ConsoleScaleTests {
    private static let count = 10_000
    private static let paintTime: Int64 = 500_000_000
    private static let keystrokeTime: Int64 = 50_000_000
    private static let transferBytes = 80 * 1024
    private static let growthBytes = 5 * 1024 * 1024
    /// The elements and listeners that an update may leave behind for a moment.
    private static let growthCount = 200

    @Test func `among 10,000 functions the console is fast, updates in place, and does not grow`() async throws {
        let console = try freePort()
        let home = try TemporaryFolder()
        defer { home.remove() }
        let folder = home.path + "/functions"
        try Files.makeFolder(folder)
        for number in 0..<Self.count {
            let digits = "\(number)"
            let name = "fn-" + String(repeating: "0", count: 5 - digits.count) + digits
            try Files.write(try FunctionManifest(name).yaml, to: "\(folder)/\(name).yaml")
        }
        let options = ["--console", "127.0.0.1:\(console)"]
        try await F2SServer.serve(folder: folder, home: home.path, options: options) { f2s in
            try Self.waitUntilSettled(f2s)
            func measure(_ part: String) throws -> JSONValue {
                let origins = ["http://127.0.0.1:\(console)", "http://127.0.0.1:\(f2s.port)"]
                let findings = try BrowserScript.run("scale.py", [part] + origins)
                for problem in ["errors", "foreign", "violations"] {
                    #expect(findings[problem]?.list.isEmpty == true, "\(part): \(findings)")
                }
                return findings
            }
            Self.expectSpeed(try measure("paint"))
            Self.expectLiveList(try measure("live"))
            let hour = try measure("hour")
            let (updates, sent) = (hour["updates"]?.number ?? 0, hour["sent"]?.number ?? .max)
            #expect(updates * 10 > sent * 8, "the changes are shown one by one: \(hour)")
            Self.expectNoGrowth(hour, "after \(updates) updates of the list")
            let charts = try measure("charts")
            Self.expectNoGrowth(charts, "after \(charts["loads"]?.number ?? 0) loads of charts")
        }
    }

    /// Waits until all functions are declared and have a status.
    private static func waitUntilSettled(_ f2s: F2SServer) throws {
        try eventually("all functions are declared", within: .seconds(120)) {
            try f2s.get("/cluster").json["functions"]?.number == count
        }
        for offset in stride(from: 0, to: count, by: 500) {
            try eventually("all functions have a status", within: .seconds(120)) {
                try !f2s.get("/overview?limit=500&offset=\(offset)").text.contains(#""reason":"Unknown""#)
            }
        }
    }

    private static func expectSpeed(_ findings: JSONValue) {
        for (name, visit) in [("first", "of the first visit"), ("again", "of further visits")] {
            func time(_ moment: String) -> Int64 { Int64(findings[name]?[moment]?.number ?? 0) }
            let (paint, row, list) = (time("paint"), time("row"), time("list"))
            report(
                4, "first paint of the list with \(count) functions \(visit): \(list.milliseconds) (bar 500 ms);",
                "of the page: \(paint.milliseconds); first row in the document: \(row.milliseconds)")
            #expect(list > 0 && list < paintTime * Int64(EndToEndSerial.timeout))
        }
        #expect(findings["shown"]?.number == 100)

        let keystrokes = (findings["keystrokes"]?.list ?? []).compactMap(\.number).map { Int64($0) }
        let slowest = keystrokes.max() ?? 0
        report(
            4, "a keystroke in the filter, median of \(keystrokes.count): \(keystrokes.median.milliseconds)",
            "(bar 50 ms), slowest \(slowest.milliseconds)")
        #expect(keystrokes.count == 20)
        #expect(keystrokes.median < keystrokeTime * Int64(EndToEndSerial.timeout))

        let transfer = findings["transfer"]?.number ?? .max
        report(4, "transfer of a visit of all views: \(transfer) bytes (bar \(transferBytes))")
        #expect(transfer > 0 && transfer <= transferBytes, "\(findings["files"] ?? .null)")
    }

    private static func expectLiveList(_ findings: JSONValue) {
        let (updates, seconds) = (findings["updates"]?.number ?? 0, findings["seconds"]?.number ?? 0)
        let shift = findings["shift"]?.number ?? .max
        report(4, "\(updates) live updates in \(seconds) s; shift of the layout: \(shift) / 1000 (bar 100)")
        #expect(updates >= 16)
        let filter = JSONValue.object([
            "focus": .flag(true), "text": .text("fn-0"), "selection": .list([.number(1), .number(3)]),
            "scroll": .number(600), "rows": .flag(true),
        ])
        #expect(findings["filter"] == filter, "focus, selection and scroll position in the filter stay")
        let link = JSONValue.object([
            "focus": .flag(true), "text": .text("fn-00005"), "selection": .flag(true), "scroll": .number(500),
        ])
        #expect(findings["link"] == link, "focus on a row, selected text and scroll position stay")
        #expect(shift < 100)
        expectNoGrowth(findings, "after \(updates) live updates")
    }

    private static func expectNoGrowth(_ findings: JSONValue, _ when: String) {
        func value(_ name: String) -> Int { findings["growth"]?[name]?.number ?? .max }
        let (bytes, nodes, listeners) = (value("bytes"), value("nodes"), value("listeners"))
        report(
            4, "growth of the page \(when): \(bytes) bytes of \(value("before")) (bar \(growthBytes)),",
            "\(nodes) nodes, \(listeners) listeners")
        #expect(bytes <= growthBytes)
        #expect(nodes <= growthCount)
        #expect(listeners <= growthCount)
    }
}
