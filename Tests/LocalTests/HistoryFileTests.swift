import F2SManifest
import F2SModel
import F2SSystem
import Foundation
import Glibc
import Logging
import TestSupport
import Testing

@testable import F2SLocal

/// The histories on Local.
@Suite struct HistoryFileTests {
    private func open(_ folder: TemporaryFolder) -> ManifestDirectory {
        ManifestDirectory(
            LocalOptions(folder: folder.path, launcher: "/nothing", sourcesFolder: "/nothing", environment: [:]),
            logger: quiet)
    }

    private func draft(_ command: String) throws -> FunctionDraft {
        FunctionDraft(name: try FunctionName("hello"), route: try Route("/hello"), target: Target(command: [command]))
    }

    /// Keeps the history with one more declaration, as the recorder does.
    private func keep(_ function: Function, served: Bool, in directory: ManifestDirectory) async {
        var history = directory.history.currentHistory(of: function.id)
        history.add(
            DeclarationRecord(
                function, edit: function.origin.lastEdit, hasServed: served,
                manifest: ManifestWriter().yaml(function.draft)))
        await directory.history.keep(history, of: function)
    }

    /// Runs the writer until the file has, or has not, a text.
    private func write(
        _ directory: ManifestDirectory, _ folder: TemporaryFolder, until isWritten: (String?) -> Bool
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await directory.history.run() }
            try await eventually("the file is written") { isWritten(try? folder.read(HistoryFile.name)) }
            group.cancelAll()
        }
    }

    private func function(_ directory: ManifestDirectory) async throws -> Function {
        directory.scan()
        let snapshot = try await directory.withSnapshots { snapshots in
            for await snapshot in snapshots { return snapshot }
            return FunctionSnapshot()
        }
        return try #require(snapshot.functions.first)
    }

    @Test func `a change through the API has its caller and time, and a file its time of modification`() async throws {
        let folder = try TemporaryFolder()
        let directory = open(folder)
        let begun = Moment.now.wall
        let created = try await directory.create(try draft("one"), by: "ann")
        let edit = try #require(created.origin.lastEdit)
        #expect(edit.user == "ann" && (begun...Moment.now.wall).contains(edit.time))
        #expect(try await function(directory).origin.lastEdit == edit, "a scan of the same text is no change")
        let replaced = try await directory.replace(try draft("two"), ifRevision: nil, by: nil)
        #expect(replaced.generation == 2 && replaced.origin.lastEdit?.user == nil)

        let other = try TemporaryFolder()
        try other.write("hello.yaml", manifest("hello"))
        var times = [timespec(tv_sec: 86_400, tv_nsec: 0), timespec(tv_sec: 86_400, tv_nsec: 0)]
        #expect(utimensat(AT_FDCWD, other.path + "/hello.yaml", &times, 0) == 0)
        #expect(try await function(open(other)).origin.lastEdit == Function.Edit(time: 86_400, user: nil))
    }

    @Test func `the history, the caller and the count survive a restart`() async throws {
        let folder = try TemporaryFolder()
        let first = open(folder)
        let one = try await first.create(try draft("one"), by: "ann")
        await keep(one, served: true, in: first)
        let two = try await first.replace(try draft("two"), ifRevision: nil, by: "bob")
        await keep(two, served: false, in: first)
        try await write(first, folder) { $0?.contains("bob") == true }
        var status = stat()
        #expect(stat(folder.path + "/" + HistoryFile.name, &status) == 0 && status.st_mode & 0o777 == 0o600)

        let second = open(folder)
        let again = try await function(second)
        #expect(again.generation == 2 && again.origin.lastEdit == two.origin.lastEdit)
        let history = second.history.currentHistory(of: again.id)
        #expect(history.records.map(\.generation) == [1, 2] && history.records.map(\.changedBy) == ["ann", "bob"])
        #expect(history.lastGood?.manifest.contains("[one]") == true)
    }

    @Test func `an edit while F2S was down is the next declaration`() async throws {
        let folder = try TemporaryFolder()
        let first = open(folder)
        await keep(try await first.create(try draft("one"), by: "ann"), served: true, in: first)
        try await write(first, folder) { $0 != nil }
        let text = try folder.read("hello.yaml")
        try folder.write("hello.yaml", text.replacing("one", with: "edited"))
        let second = open(folder)
        let edited = try await function(second)
        #expect(edited.generation == 2 && edited.origin.lastEdit?.user == nil)
        #expect(second.history.currentHistory(of: edited.id).records.map(\.generation) == [1])
    }

    @Test func `a manifest of a user is remembered in memory only, and a deleted function is forgotten`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("hello.yaml", manifest("hello"))
        let directory = open(folder)
        let own = try await function(directory)
        await keep(own, served: true, in: directory)
        #expect(directory.history.currentHistory(of: own.id).records.count == 1)
        let draft = FunctionDraft(
            name: try FunctionName("made"), route: try Route("/made"), target: Target(command: ["x"]))
        let made = try await directory.create(draft, by: "ann")
        await keep(made, served: false, in: directory)
        try await write(directory, folder) { $0 != nil }
        let text = try folder.read(HistoryFile.name)
        #expect(text.contains("\"made\"") && !text.contains("\"hello\""))
        directory.history.forget(made)
        try await write(directory, folder) { $0 == nil }
        #expect(try folder.names == ["hello.yaml", "made.yaml"])
        #expect(directory.history.currentHistory(of: made.id).records.isEmpty)
    }

    @Test(arguments: ["", "{", "[]", #"{"hello":[{"generation":1}]}"#, #"{"A b":[]}"#])
    func `a broken file is ignored`(text: String) async throws {
        let folder = try TemporaryFolder()
        try folder.write(HistoryFile.name, text)
        try folder.write("hello.yaml", manifest("hello"))
        let directory = open(folder)
        #expect(try await function(directory).generation == 1)
        #expect(directory.history.currentHistory(of: Function.ID("hello")).records.isEmpty)
    }

    @Test func `a link in place of the file is not followed`() async throws {
        let (folder, other) = (try TemporaryFolder(), try TemporaryFolder())
        try other.write("target.json", "{}")
        #expect(symlink(other.path + "/target.json", folder.path + "/" + HistoryFile.name) == 0)
        let directory = open(folder)
        await keep(try await directory.create(try draft("one"), by: "ann"), served: true, in: directory)
        try await write(directory, folder) { $0?.contains("ann") == true }
        #expect(try other.read("target.json") == "{}")
    }
}
