import Glibc
import ProcessSupport
import Testing

extension EndToEndSerial {
    /// Requirement 6: streaming in both directions.
    @Suite struct Streaming {
        private static let gibibyte = 1 << 30
        private static let memoryMax = 64 * 1024  // KiB

        @Test func `1 GiB passes in each direction in less than 64 MiB of memory`() async throws {
            let function = try FunctionManifest("pipe").with { $0.maxReplicas = 1 }
            try await F2SServer.serve([function]) { f2s in
                try eventually("pipe answers") { try f2s.get("/invoke/pipe").status == 200 }
                let before = try ProcessTable.kibibytes("VmRSS", of: f2s.process.id)

                let down = try HTTPConnection(port: f2s.port, bufferBytes: 1 << 18)
                var begun = monotonicNanoseconds()
                try down.send("GET", "/invoke/pipe/stream?count=\(Self.gibibyte)")
                let head = try down.head()
                #expect(head.status == 200)
                #expect(head["content-length"] == "\(Self.gibibyte)")
                try down.skip(Self.gibibyte)
                let downTime = (monotonicNanoseconds() - begun).milliseconds
                let afterDown = try ProcessTable.kibibytes("VmHWM", of: f2s.process.id)

                begun = monotonicNanoseconds()
                let up = try f2s.connect()
                try up.send("POST", "/invoke/pipe/swallow", [("Content-Length", "\(Self.gibibyte)")])
                let block = [UInt8](repeating: 7, count: 1 << 18)
                for _ in 0..<(Self.gibibyte / block.count) { try up.send(block) }
                let answer = try up.answer(to: "POST")
                #expect(answer.text == "\(Self.gibibyte)\n")
                let upTime = (monotonicNanoseconds() - begun).milliseconds

                let peak = try ProcessTable.kibibytes("VmHWM", of: f2s.process.id)
                let after = try ProcessTable.kibibytes("VmRSS", of: f2s.process.id)
                let sum = try peak + ProcessTable.kibibytes("VmHWM", of: f2s.launcher())
                report(
                    6, "1 GiB down in \(downTime), up in \(upTime); memory before \(before) KiB, peak after down",
                    "\(afterDown) KiB, peak after both \(peak) KiB, then \(after) KiB; with the launcher \(sum) KiB")
                #expect(peak < Self.memoryMax)
            }
        }

        @Test func `a slow reader applies back pressure to the writer`() async throws {
            let function = try FunctionManifest("endless").with { $0.maxReplicas = 1 }
            try await F2SServer.serve([function]) { f2s in
                try eventually("endless answers") { try f2s.get("/invoke/endless").status == 200 }
                let reader = try f2s.connect()
                try reader.send("GET", "/invoke/endless/stream")
                #expect(try reader.head().status == 200)
                for _ in 0..<16 { _ = try reader.chunk() }
                let stopped = try Self.writtenWhenStill(f2s)
                pause(.milliseconds(500))
                #expect(try Self.written(f2s) == stopped, "without a reader, nothing is written")
                #expect(stopped < 32 << 20)

                var read = 0
                while read < 64 << 20 { read += try reader.chunk()?.count ?? 0 }
                let later = try Self.written(f2s)
                #expect(later >= stopped + (32 << 20), "the reader goes on, and so does the writer")
                report(
                    6,
                    "slow reader: after 1 MiB was read the writer stood still at \(stopped >> 10) KiB, and went on to",
                    "\(later >> 10) KiB while 64 MiB more were read")
            }
        }

        private static func written(_ f2s: F2SServer) throws -> Int {
            let text = try f2s.get("/invoke/endless/written").text
            return try #require(Int(text.dropLast()), "\(text)")
        }

        private static func writtenWhenStill(_ f2s: F2SServer) throws -> Int {
            try eventually("the writer stands still") {
                let before = try written(f2s)
                pause(.milliseconds(200))
                return try written(f2s) == before ? before : nil
            }
        }

        @Test func `server-sent events arrive one by one`() async throws {
            let function = try FunctionManifest("ticker").with { $0.maxReplicas = 1 }
            try await F2SServer.serve([function]) { f2s in
                try eventually("ticker answers") { try f2s.get("/invoke/ticker").status == 200 }
                let reader = try f2s.connect(silence: .seconds(10))
                try reader.send("GET", "/invoke/ticker/events?count=20")
                #expect(try reader.head()["content-type"] == "text/event-stream")
                var waits: [Int64] = []
                for number in 1...20 {
                    // The function sends one event per tick, so the test waits for each event separately.
                    let begun = monotonicNanoseconds()
                    #expect(try f2s.exchange("POST", "/invoke/ticker/tick", body: []).status == 200)
                    let event = try #require(try reader.chunk())
                    waits.append(monotonicNanoseconds() - begun)
                    #expect(String(decoding: event, as: UTF8.self) == "data: \(number)\n\n")
                }
                #expect(try reader.chunk() == nil)
                report(6, "20 server-sent events, one by one, each after \(waits.median.milliseconds) (median)")
            }
        }

        @Test func `a WebSocket echoes`() async throws {
            let home = try TemporaryFolder()
            defer { home.remove() }
            let folder = home.path + "/functions"
            try Files.makeFolder(folder)
            try Files.write(WebSocketSource.python, to: folder + "/websocket.py")
            let function = FunctionManifest("socket", command: ["python3", "websocket.py"])
            try Files.write(function.yaml, to: folder + "/socket.yaml")
            try await F2SServer.serve(folder: folder, home: home.path) { f2s in
                try eventually("socket is declared") { try f2s.get("/cluster").json["functions"]?.number == 1 }
                let connection = try f2s.connect()
                let fields = [
                    ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
                    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
                ]
                try connection.send("GET", "/invoke/socket", fields)
                let head = try connection.head()
                #expect(head.status == 101)
                // The key and the response are the example of RFC 6455 section 1.3.
                #expect(head["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
                #expect(head["upgrade"]?.lowercased() == "websocket")
                for text in ["hello", "", String(repeating: "long ", count: 8000)] {
                    try connection.send(WebSocketFrame.masked(text))
                    #expect(try WebSocketFrame.text(from: connection) == text)
                }
                report(6, "a WebSocket has echoed 3 messages of up to 40,000 bytes")
            }
        }
    }
}
