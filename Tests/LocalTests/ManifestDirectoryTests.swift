import F2SModel
import Foundation
import Glibc
import Testing

@testable import F2SLocal

@Suite struct ManifestDirectoryTests {
    private func open(_ folder: TemporaryFolder, _ adjust: (inout LocalOptions) -> Void = { _ in }) -> ManifestDirectory
    {
        var options = LocalOptions(folder: folder.path, launcher: "/nothing", environment: [:])
        adjust(&options)
        return ManifestDirectory(options, logger: quiet)
    }

    private func snapshot(_ directory: ManifestDirectory) async throws -> FunctionSnapshot {
        try await directory.withSnapshots {
            for await snapshot in $0 { return snapshot }; return FunctionSnapshot()
        }
    }

    private func names(_ directory: ManifestDirectory) async throws -> [String] {
        try await snapshot(directory).functions.map(\.name.text)
    }

    /// Looks until a change has settled, with a clock that runs ahead.
    private func settle(_ directory: ManifestDirectory) async throws {
        var moment = Moment.now
        try await eventually("the folder has settled") {
            moment.steady += .milliseconds(200)
            return directory.look(at: moment)
        }
    }

    @Test func `every document of every file below the folder is read, in the order of names`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("b.yaml", manifest("beta") + "\n---\n" + manifest("alpha"))
        try folder.write("a/deep/c.yml", manifest("gamma"))
        try folder.write(
            "z.json",
            """
            {"apiVersion": "f2s.opensight.ch/v1alpha1", "kind": "Function", "metadata": {"name": "json"},
             "spec": {"endpoint": "/json"}, "target": {"command": ["x"]}}
            """)
        for ignored in [".hidden.yaml", ".git/x.yaml", "notes.txt", "x.yaml.bak"] {
            try folder.write(ignored, manifest("ignored"))
        }
        let directory = open(folder)
        directory.look()
        let snapshot = try await snapshot(directory)
        #expect(snapshot.functions.map(\.name.text) == ["gamma", "beta", "alpha", "json"])
        #expect(snapshot.refusals == [])
        let gamma = try #require(snapshot.functions.first)
        #expect(gamma.origin.place == "a/deep/c.yml" && gamma.origin.line == 1 && !gamma.origin.isWritable)
        #expect(gamma.origin.workingFolder == URL(filePath: folder.path).resolvingSymlinksInPath().path + "/a/deep")
    }

    @Test func `links are followed, but not in circles`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("sub/a.yaml", manifest("alpha"))
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/sub/loop", withDestinationPath: folder.path)
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/link.yaml", withDestinationPath: "/dev/null/x")
        #expect(mkfifo(folder.path + "/pipe.yaml", 0o600) == 0)
        let directory = open(folder)
        directory.look()
        #expect(try await names(directory) == ["alpha"])
    }

    @Test func `a name is declared once, and the second is told where the first is`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("b.yaml", manifest("same"))
        let directory = open(folder)
        directory.look()
        try folder.write("a.yaml", "# two\n" + manifest("same", command: "[other]"))
        try await settle(directory)
        let snapshot = try await snapshot(directory)
        #expect(snapshot.functions.map(\.origin.place) == ["b.yaml"], "who had the name keeps it")
        #expect(snapshot.refusals.map(\.place) == ["a.yaml"])
        #expect(snapshot.refusals.first?.message.contains("b.yaml:1") == true)
        try folder.remove("b.yaml")
        try await settle(directory)
        #expect(try await self.snapshot(directory).functions.map(\.origin.place) == ["a.yaml"])
    }

    @Test func `an edit is seen, and who is older stays older`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", manifest("alpha"))
        try folder.write("b.yaml", manifest("beta"))
        let directory = open(folder)
        directory.look()
        let before = try await snapshot(directory).functions
        try folder.write("a.yaml", manifest("alpha", command: "[changed]"))
        try await settle(directory)
        let after = try await snapshot(directory).functions
        #expect(after.map(\.name.text) == ["alpha", "beta"] && after[0].target.command == ["changed"])
        #expect(after[0].generation == 2 && after[0].age == before[0].age && after[0].id == before[0].id)
        #expect(after[0].storeRevision != before[0].storeRevision && after[1] == before[1])
    }

    @Test func `a broken edit takes nothing away and says so`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", manifest("alpha") + "\n---\n" + manifest("beta"))
        let directory = open(folder)
        directory.look()
        try folder.write(
            "a.yaml", manifest("alpha", command: "[new]") + "\n---\n" + manifest("beta", more: "  oops: 1"))
        try await settle(directory)
        let broken = try await snapshot(directory)
        #expect(broken.functions.map(\.name.text) == ["alpha", "beta"])
        #expect(broken.functions.first?.target.command == ["new"], "its good documents go on")
        #expect(broken.refusals.count == 1 && broken.refusals.first?.line != nil)
        #expect(
            broken.refusals.first?.message.hasSuffix(". Until it is corrected the last good version stays: beta")
                == true)
        try folder.write("a.yaml", manifest("alpha"))
        try await settle(directory)
        #expect(try await names(directory) == ["alpha"])
        #expect(try await snapshot(directory).refusals == [])
    }

    @Test(arguments: [
        ("maxReplica: 3", "did you mean target.maxReplicas? Until it is corrected the last good version stays: beta"),
        ("maxReplicas: 0", ". Until it is corrected the last good version stays: beta"),
    ])
    func `a complaint is a whole sentence before the next one`(mistake: String, ending: String) async throws {
        let folder = try TemporaryFolder()
        try folder.write("b.yaml", manifest("beta"))
        let directory = open(folder)
        directory.look()
        try folder.write("b.yaml", manifest("beta", more: "  " + mistake))
        try await settle(directory)
        let message = try #require(try await snapshot(directory).refusals.first?.message)
        #expect(message.hasSuffix(ending), "\(message)")
        for join in ["?.", "..", ".;"] { #expect(!message.contains(join), "\(message)") }
    }

    @Test func `a file that is being written is not read half`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", manifest("alpha"))
        let directory = open(folder)
        directory.look()
        // The look is as of this moment, so that a pause of this process after the writes does not matter.
        let written = Moment.now
        try folder.write("a.yaml", "")
        try folder.write("b.yaml", manifest("beta"))
        #expect(!directory.look(at: written), "it will look again soon")
        #expect(try await names(directory) == ["alpha"])
        try folder.write("a.yaml", manifest("alpha", command: "[whole]"))
        try await settle(directory)
        #expect(try await snapshot(directory).functions.map(\.generation) == [2, 1])
    }

    @Test func `a deleted file's functions go, a moved file's stay`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", manifest("alpha"))
        try folder.write("b.yaml", manifest("beta"))
        let directory = open(folder)
        directory.look()
        let alpha = try await snapshot(directory).functions.first
        try folder.remove("b.yaml")
        try FileManager.default.moveItem(atPath: folder.path + "/a.yaml", toPath: folder.path + "/c.yaml")
        try await settle(directory)
        let left = try await snapshot(directory).functions
        #expect(left.map(\.name.text) == ["alpha"] && left.first?.origin.place == "c.yaml")
        #expect(left.first?.generation == alpha?.generation)
    }

    @Test func `a folder that vanishes takes nothing away, one that never was is empty`() async throws {
        let folder = try TemporaryFolder()
        let directory = open(folder) { $0.folder = folder.path + "/functions" }
        directory.look()
        #expect(try await snapshot(directory) == FunctionSnapshot())
        _ = try await directory.create(draft("alpha"))
        try FileManager.default.moveItem(atPath: folder.path + "/functions", toPath: folder.path + "/away")
        try await settle(directory)
        directory.look()
        let snapshot = try await snapshot(directory)
        #expect(snapshot.functions.map(\.name.text) == ["alpha"] && snapshot.refusals.count == 1)
    }

    @Test func `what REST creates is one readable file that only F2S's mark makes writable`() async throws {
        let folder = try TemporaryFolder()
        let directory = open(folder)
        let created = try await directory.create(draft("alpha"))
        #expect(try folder.names == ["alpha.yaml"])
        #expect(try folder.read("alpha.yaml").hasPrefix(ManifestFile.marker + "\n"))
        let permissions = try FileManager.default.attributesOfItem(atPath: folder.path + "/alpha.yaml")[
            .posixPermissions]
        #expect(permissions as? Int == 0o600, "env may hold passwords")

        let restarted = open(folder)
        restarted.look()
        let found = try #require(try await snapshot(restarted).functions.first)
        #expect(found.draft == created.draft && found.storeRevision == created.storeRevision && found.origin.isWritable)

        let text = try folder.read("alpha.yaml").split(separator: "\n").dropFirst().joined(separator: "\n")
        try folder.write("alpha.yaml", text)
        try await settle(restarted)
        await #expect(throws: StoreError.readOnly(created.name, place: "alpha.yaml", line: 1)) {
            try await restarted.delete(created.name, ifRevision: nil)
        }
    }

    @Test func `a manifest written by hand is never rewritten`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("mine.yaml", "# mine\n" + manifest("alpha"))
        let text = try folder.read("mine.yaml")
        let directory = open(folder)
        directory.look()
        let readOnly = try StoreError.readOnly(FunctionName("alpha"), place: "mine.yaml", line: 2)
        await #expect(throws: readOnly) { _ = try await directory.replace(draft("alpha"), ifRevision: nil) }
        await #expect(throws: readOnly) { try await directory.delete(FunctionName("alpha"), ifRevision: nil) }
        await #expect(throws: StoreError.alreadyExists(try FunctionName("alpha"))) {
            _ = try await directory.create(draft("alpha"))
        }
        #expect(try folder.read("mine.yaml") == text)
    }

    @Test func `a file that is in the way is left alone`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("alpha.yaml", manifest("other"))
        let directory = open(folder)
        directory.look()
        #expect(try await directory.create(draft("alpha")).origin.place == "alpha.f2s.yaml")
        #expect(try await names(directory) == ["other", "alpha"])
    }

    @Test func `a folder that cannot be written says what is wrong`() async throws {
        let directory = open(try TemporaryFolder()) { $0.folder = "/proc/f2s" }
        await #expect {
            _ = try await directory.create(draft("alpha"))
        } throws: { error in
            guard case StoreError.unavailable(let reason) = error else { return false }
            return reason.contains("/proc/f2s")
        }
    }

    @Test func `too many files or levels are left out and reported`() async throws {
        let folder = try TemporaryFolder()
        for number in 0..<5 { try folder.write("\(number).yaml", manifest("f\(number)")) }
        try folder.write("a/b/c/deep.yaml", manifest("deep"))
        let directory = open(folder) {
            $0.filesMax = 3
            $0.foldersDepthMax = 2
        }
        directory.look()
        let snapshot = try await snapshot(directory)
        #expect(snapshot.functions.count == 3 && snapshot.refusals.count == 1)
    }

    @Test(arguments: [
        [UInt8](repeating: 0x20, count: 2 << 20), [0xFF, 0xFE, 0x00, 0x41], Array("{{{{".utf8),
    ])
    func `what is a broken manifest is refused by its file's name, the others work`(text: [UInt8]) async throws {
        let folder = try TemporaryFolder()
        try folder.write("good.yaml", manifest("good"))
        try Data(Array("kind: Function\n".utf8) + text).write(to: URL(filePath: folder.path + "/bad.yaml"))
        let directory = open(folder)
        directory.look()
        let snapshot = try await snapshot(directory)
        #expect(snapshot.functions.map(\.name.text) == ["good"])
        #expect(snapshot.refusals.map(\.place) == ["bad.yaml"])
    }

    @Test func `a thousand manifests are there in time, and looking again is cheap`() async throws {
        let folder = try TemporaryFolder()
        for number in 0..<1000 { try folder.write("f\(number).yaml", manifest("f\(number)")) }
        try folder.write("f500.yaml", manifest("f500", more: "  nonsense: true"))
        let directory = open(folder)
        let first = ContinuousClock().measure { directory.look() }
        let snapshot = try await snapshot(directory)
        #expect(snapshot.functions.count == 999 && snapshot.refusals.map(\.place) == ["f500.yaml"])
        try await settle(directory)
        let again = ContinuousClock().measure { directory.look() }
        print("1,000 manifests read in \(first), looked at again in \(again)")
        #expect(first < .seconds(25), "five times what a start may take")
        #expect(again < first / 5, "only what has changed is read: \(again) after \(first)")
    }
}
