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

    /// Runs `body` with a path in a new temporary folder.
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

    /// Callers are refused without usable settings, so the change must be noticed.
    @Test(.timeLimit(.minutes(1)), arguments: [nil, "f2s: {}"])
    func `settings that become usable are published, even if they equal the defaults`(lastGood: String?) async throws {
        let refused = SettingsError([Rejection(location: "config.yaml", message: "invalid")])
        let file = try SettingsFile(path: nil, environment: [:], refused: refused, lastGood: nil, logger: logger)
        #expect(!file.isUsable)
        var published = file.latest.values().makeAsyncIterator()
        _ = await published.next()
        file.apply(lastGood == nil ? "f2s: {}" : "f2s: {lops: 1}", from: "config.yaml", lastGood: lastGood)
        #expect(await published.next() == Settings())
        #expect(file.isUsable)
    }

    @Test func `without a file the defaults and the environment are in force`() async throws {
        try await withPath { path in
            let files = [try file(nil), try file(path), try file(path, ["F2S_DEBUG": "true"])]
            #expect(files.map(\.latest.current.debug) == [false, false, true])
            #expect(files[1].latest.current == Settings())
        }
    }

    @Test func `a file that is invalid at start is rejected with the line of the error`() async throws {
        try await withPath { path in
            try write("\ndebgu: true", to: path)
            let error = #expect(throws: SettingsError.self) { try file(path) }
            #expect(
                error?.rejections.first?.description == "\(path):2:1: debgu is not a known field: did you mean debug?")
        }
    }

    @Test func `a file that cannot be read is rejected`() async throws {
        try await withPath { path in
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            let error = #expect(throws: SettingsError.self) { try file(path) }
            #expect(error?.description.contains("cannot be read: Is a directory") == true)
        }
    }

    @Test func `a settings file over 1 MiB is rejected`() async throws {
        try await withPath { path in
            try write(String(repeating: "#\n", count: 1 << 20), to: path)
            let error = #expect(throws: SettingsError.self) { try file(path) }
            #expect(error?.description.contains("at most 1048576 are read") == true)
        }
    }

    @Test func `a valid change is put into force, and an invalid one is not`() async throws {
        try await withPath { path in
            try write("f2s: {loops: 1}", to: path)
            let file = try file(path, ["F2S_LIMITS_QUEUE_LENGTH": "9"])
            file.reloadIfChanged()
            #expect(file.latest.current.loops == 1)

            try write("f2s: {loops: 2}", to: path)
            file.reloadIfChanged()
            #expect(file.latest.current.loops == 2)
            #expect(file.latest.current.limits.queueLengthMax == 9)
            #expect(file.currentRejection == nil)

            try write("f2s: {loops: two}", to: path)
            file.reloadIfChanged()
            #expect(file.latest.current.loops == 2)
            #expect(file.currentRejection == "\(path):1:14: f2s.loops is \"two\": it must be a whole number.")

            try write("f2s: {loops: 3}", to: path)
            file.reloadIfChanged()
            #expect(file.latest.current.loops == 3)
            #expect(file.currentRejection == nil)
        }
    }

    @Test func `a deleted file changes no setting and is reported until it is restored`() async throws {
        try await withPath { path in
            try write("f2s: {loops: 4}", to: path)
            let file = try file(path)
            try FileManager.default.removeItem(atPath: path)
            file.reloadIfChanged()
            file.reloadIfChanged()
            #expect(file.latest.current.loops == 4)
            #expect(file.currentRejection == "\(path) is gone. Put it back, or start F2S again for the defaults.")
            try write("f2s: {loops: 4}", to: path)
            file.reloadIfChanged()
            #expect(file.currentRejection == nil)
        }
    }

    @Test func `a changed file that the settings refer to is read again`() async throws {
        try await withPath { path in
            let secret = path + ".secret"
            let text = """
                f2s:
                  auth:
                    types: [token]
                    token: {jwt_secret: {file: \(secret)}}
                    authorization: [{group: a, privileges: []}]
                """
            try write(text, to: path)
            let error = #expect(throws: SettingsError.self) { try file(path) }
            #expect(error?.description.contains("No such file") == true, "\(String(describing: error))")
            try write("first\n", to: secret)
            let settings = try file(path)
            #expect(settings.latest.current.auth.token.key == Secret("first"))
            try write("second", to: secret)
            settings.reloadIfChanged()
            #expect(settings.latest.current.auth.token.key == Secret("second"))
            try FileManager.default.removeItem(atPath: secret)
            settings.reloadIfChanged()
            #expect(settings.latest.current.auth.token.key == Secret("second"))
            #expect(settings.currentRejection?.contains("No such file") == true)
            try write("second", to: secret)
            settings.reloadIfChanged()
            #expect(settings.currentRejection == nil)

            settings.apply(text.replacing("types: [token]", with: "types: [token] "), from: "object", lastGood: nil)
            try write("third", to: secret)
            settings.reloadIfChanged()
            #expect(settings.latest.current.auth.token.key == Secret("third"))
            try FileManager.default.removeItem(atPath: secret)
            settings.reloadIfChanged()
            #expect(settings.currentRejection?.contains("No such file") == true)
            try write("third", to: secret)
            settings.reloadIfChanged()
            #expect(settings.currentRejection == nil && settings.latest.current.auth.token.key == Secret("third"))
        }
    }

    @Test func `a new file is read, and so is the target of a link that is swapped`() async throws {
        try await withPath { path in
            let file = try file(path)
            for loops in 1...2 {
                try write("f2s: {loops: \(loops)}", to: path + ".\(loops)")
                try FileManager.default.createSymbolicLink(
                    atPath: path + ".new", withDestinationPath: path + ".\(loops)")
                #expect(rename(path + ".new", path) == 0)
                file.reloadIfChanged()
                #expect(file.latest.current.loops == loops)
            }
        }
    }

    @Test func `while the service runs, followers receive a change`() async throws {
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

    @Test func `a skipped section is logged once, regardless of how often the file is read`() async throws {
        try await withPath { path in
            let lines = RecordedLines()
            try write("f2s: {loops: 1, kafka: {enabled: true}}", to: path)
            let file = try SettingsFile(
                path: path, environment: [:], logger: Logger(label: "test") { _ in RecordingHandler(lines: lines) })
            for loops in 2...4 {
                try write("f2s: {loops: \(loops), kafka: {enabled: true}}", to: path)
                file.reloadIfChanged()
            }
            let warnings = lines.current.filter { $0.hasPrefix("warning") }
            #expect(warnings == ["warning f2s.kafka has no effect: messages from Kafka come with issue 9 (Kafka)."])
        }
    }
}

/// The messages of a logger, as `level message`.
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
