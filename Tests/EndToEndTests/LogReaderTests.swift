import Glibc
import ProcessSupport
import Testing

extension EndToEndSerial {
    /// A log without a reader.
    @Suite struct LogReader {
        /// F_SETPIPE_SZ (fcntl(2)), which the module Glibc does not define.
        private static let setPipeSize: Int32 = 1031

        @Test(arguments: ["text", "json"])
        func `declarations, starts and the shutdown work without a log reader, and the log is complete later`(
            format: String
        ) async throws {
            let home = try TemporaryFolder()
            defer { home.remove() }
            let log = home.path + "/f2s.log"
            #expect(mkfifo(log, 0o600) == 0)
            let pipe = open(log, O_RDWR | O_NONBLOCK | O_CLOEXEC)
            defer { close(pipe) }
            #expect(fcntl(pipe, Self.setPipeSize, 4096) >= 4096)
            let folder = home.path + "/functions"
            try Files.makeFolder(folder)
            let settings = "f2s:\n  log_format: \(format)\n"
            try await F2SServer.serve(folder: folder, home: home.path, settings: settings) { f2s in
                // The error is recorded here: a thrown error would make F2SServer read the log, which is a pipe here.
                do { try Self.fill(f2s, pipe) } catch { Issue.record("\(error)") }
            }
        }

        private static func fill(_ f2s: F2SServer, _ pipe: Int32) throws {
            for number in 0..<80 { try f2s.edit(FunctionManifest("f\(number)").with { $0.idle = "60s" }) }
            try eventually("all are declared") { try f2s.get("/cluster").json["functions"]?.number == 80 }
            var isFull = pollfd(fd: pipe, events: Int16(POLLOUT), revents: 0)
            try eventually("the log is full") { poll(&isFull, 1, 0) == 0 }
            for number in 0..<3 {
                let answer = try f2s.connect(silence: .seconds(10)).exchange("GET", "/invoke/f\(number)")
                #expect(answer.status == 200, "\(answer.text)")
            }
            try f2s.edit(FunctionManifest("last"))
            try eventually("a new function is served") { try f2s.get("/invoke/last").status == 200 }
            var text = ""
            try eventually("the log arrives") {
                var piece = [UInt8](repeating: 0, count: 4096)
                let count = read(pipe, &piece, piece.count)
                if count > 0 { text += String(decoding: piece[..<count], as: UTF8.self) }
                return text.contains("/invoke/last")
            }
            for number in 0..<80 { #expect(text.contains("/invoke/f\(number)"), "f\(number)") }
            #expect(!text.contains("were lost"))
            for number in 0..<80 { try f2s.edit(FunctionManifest("f\(number)").with { $0.idle = "50s" }) }
            try eventually("the log is full again") { poll(&isFull, 1, 0) == 0 }
            f2s.process.send(signal: SIGTERM)
            #expect(try f2s.process.waitForEnd(within: .seconds(5 * EndToEndSerial.timeout)) == 0)
        }
    }
}
