import F2SModel
import FoundationEssentials
import Glibc
import Logging
import ServiceLifecycle
import Synchronization
import Testing

@testable import F2SConfig

@Suite struct SettingsFileTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Runs `body` with a path in a folder of its own.
    private func withPath(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "f2s-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder + "/config.yaml")
    }

    private func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    private func file(_ path: String?, _ environment: [String: String] = [:]) throws -> SettingsFile {
        try SettingsFile(path: path, environment: environment, logger: logger)
    }

    @Test func `without a file the defaults are in force, and the environment`() async throws {
        try await withPath { path in
            let files = [try file(nil), try file(path), try file(path, ["F2S_DEBUG": "true"])]
            #expect(files.map(\.latest.current.debug) == [false, false, true])
            #expect(files[1].latest.current == Settings())
        }
    }

    @Test func `a file that is wrong at start is refused with its line`() async throws {
        try await withPath { path in
            try write("\ndebgu: true", to: path)
            let error = #expect(throws: SettingsError.self) { try file(path) }
            #expect(
                error?.complaints.first?.description == "\(path):2:1: debgu is not a known field: did you mean debug?")
        }
    }

    @Test func `what cannot be read is refused`() async throws {
        try await withPath { path in
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            let error = #expect(throws: SettingsError.self) { try file(path) }
            #expect(error?.description.contains("cannot be read: Is a directory") == true)
        }
    }

    @Test func `a settings file over 1 MiB is refused`() async throws {
        try await withPath { path in
            try write(String(repeating: "#\n", count: 1 << 20), to: path)
            let error = #expect(throws: SettingsError.self) { try file(path) }
            #expect(error?.description.contains("at most 1048576 are read") == true)
        }
    }

    @Test func `a change is put into force, a broken one is not, and its repair is`() async throws {
        try await withPath { path in
            try write("f2s: {loops: 1}", to: path)
            let file = try file(path, ["F2S_LIMITS_QUEUE_LENGTH": "9"])
            file.look()
            #expect(file.latest.current.loops == 1)

            try write("f2s: {loops: 2}", to: path)
            file.look()
            #expect(file.latest.current.loops == 2)
            #expect(file.latest.current.limits.queueLengthMax == 9)
            #expect(file.currentComplaint == nil)

            try write("f2s: {loops: two}", to: path)
            file.look()
            #expect(file.latest.current.loops == 2)
            #expect(file.currentComplaint == "\(path):1:14: f2s.loops is \"two\": it must be a whole number.")

            try write("f2s: {loops: 3}", to: path)
            file.look()
            #expect(file.latest.current.loops == 3)
            #expect(file.currentComplaint == nil)
        }
    }

    @Test func `a file that goes away changes nothing, and says so until it is back`() async throws {
        try await withPath { path in
            try write("f2s: {loops: 4}", to: path)
            let file = try file(path)
            try FileManager.default.removeItem(atPath: path)
            file.look()
            file.look()
            #expect(file.latest.current.loops == 4)
            #expect(file.currentComplaint == "\(path) is gone. Put it back, or start F2S again for the defaults.")
            try write("f2s: {loops: 4}", to: path)
            file.look()
            #expect(file.currentComplaint == nil)
        }
    }

    @Test func `a file that appears is read, and so is one behind a link that is swapped`() async throws {
        try await withPath { path in
            let file = try file(path)
            for loops in 1...2 {
                try write("f2s: {loops: \(loops)}", to: path + ".\(loops)")
                try FileManager.default.createSymbolicLink(
                    atPath: path + ".new", withDestinationPath: path + ".\(loops)")
                #expect(rename(path + ".new", path) == 0)
                file.look()
                #expect(file.latest.current.loops == loops)
            }
        }
    }

    @Test func `while it runs, a change comes to those who follow`() async throws {
        try await withPath { path in
            let file = try file(path)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await file.run() }
                try write("f2s: {loops: 8}", to: path)
                for await settings in file.latest.values() where settings.loops == 8 { break }
                group.cancelAll()
                try await group.waitForAll()
            }
        }
    }

    @Test func `a part that is skipped is logged once, however often the file is read`() async throws {
        try await withPath { path in
            let lines = RecordedLines()
            try write("f2s: {loops: 1, kafka: {enabled: true}}", to: path)
            let file = try SettingsFile(
                path: path, environment: [:], logger: Logger(label: "test") { _ in RecordingHandler(lines: lines) })
            for loops in 2...4 {
                try write("f2s: {loops: \(loops), kafka: {enabled: true}}", to: path)
                file.look()
            }
            let warnings = lines.current.filter { $0.hasPrefix("warning") }
            #expect(warnings == ["warning f2s.kafka has no effect: messages from Kafka come with issue 9 (Kafka)."])
        }
    }
}

/// What a logger was given, as `level message`.
private final class RecordedLines: Sendable {
    private let lines = Mutex<[String]>([])

    var current: [String] { lines.withLock { $0 } }

    func append(_ line: String) { lines.withLock { $0.append(line) } }
}

private struct RecordingHandler: LogHandler {
    let lines: RecordedLines
    var logLevel = Logger.Level.trace
    var metadata = Logger.Metadata()

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { lines.append("\(event.level) \(event.message)") }
}
