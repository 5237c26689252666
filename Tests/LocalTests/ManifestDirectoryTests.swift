import F2SModel
import F2SSystem
import Foundation
import Glibc
import TestSupport
import Testing

@testable import F2SLocal

@Suite struct ManifestDirectoryTests {
    private func open(_ folder: TemporaryFolder, _ adjust: (inout LocalOptions) -> Void = { _ in }) -> ManifestDirectory
    {
        var options = LocalOptions(
            folder: folder.path, launcher: "/nothing", sourcesFolder: "/nothing", environment: [:])
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

    /// Scans until no change may be incomplete, with a clock that runs ahead.
    private func settle(_ directory: ManifestDirectory) async throws {
        var moment = Moment.now
        try await eventually("the folder is stable") {
            moment.steady += .milliseconds(200)
            return directory.scan(at: moment)
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
        directory.scan()
        let snapshot = try await snapshot(directory)
        #expect(snapshot.functions.map(\.name.text) == ["gamma", "beta", "alpha", "json"])
        #expect(snapshot.rejections == [])
        let gamma = try #require(snapshot.functions.first)
        #expect(gamma.origin.location == "a/deep/c.yml" && gamma.origin.line == 1 && !gamma.origin.isWritable)
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
        directory.scan()
        #expect(try await names(directory) == ["alpha"])
    }

    @Test func `a second declaration of a name is rejected, and the error names the first`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("b.yaml", manifest("same"))
        let directory = open(folder)
        directory.scan()
        try folder.write("a.yaml", "# two\n" + manifest("same", command: "[other]"))
        try await settle(directory)
        let snapshot = try await snapshot(directory)
        #expect(snapshot.functions.map(\.origin.location) == ["b.yaml"], "the first declaration keeps the name")
        #expect(snapshot.rejections.map(\.location) == ["a.yaml"])
        #expect(snapshot.rejections.first?.message.contains("b.yaml:1") == true)
        try folder.remove("b.yaml")
        try await settle(directory)
        #expect(try await self.snapshot(directory).functions.map(\.origin.location) == ["a.yaml"])
    }

    @Test func `an edit is applied, and the order of age stays the same`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", manifest("alpha"))
        try folder.write("b.yaml", manifest("beta"))
        let directory = open(folder)
        directory.scan()
        let before = try await snapshot(directory).functions
        try folder.write("a.yaml", manifest("alpha", command: "[changed]"))
        try await settle(directory)
        let after = try await snapshot(directory).functions
        #expect(after.map(\.name.text) == ["alpha", "beta"] && after[0].target.command == ["changed"])
        #expect(after[0].generation == 2 && after[0].age == before[0].age && after[0].id == before[0].id)
        #expect(after[0].storeRevision != before[0].storeRevision && after[1] == before[1])
    }

    @Test func `an invalid edit removes no function and is reported`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", manifest("alpha") + "\n---\n" + manifest("beta"))
        let directory = open(folder)
        directory.scan()
        try folder.write(
            "a.yaml", manifest("alpha", command: "[new]") + "\n---\n" + manifest("beta", more: "  oops: 1"))
        try await settle(directory)
        let broken = try await snapshot(directory)
        #expect(broken.functions.map(\.name.text) == ["alpha", "beta"])
        #expect(broken.functions.first?.target.command == ["new"], "its valid documents are applied")
        #expect(broken.rejections.count == 1 && broken.rejections.first?.line != nil)
        #expect(
            broken.rejections.first?.message.hasSuffix(". Until it is corrected the last good version stays: beta")
                == true)
        try folder.write("a.yaml", manifest("alpha"))
        try await settle(directory)
        #expect(try await names(directory) == ["alpha"])
        #expect(try await snapshot(directory).rejections == [])
    }

    @Test(arguments: [
        ("maxReplica: 3", "did you mean target.maxReplicas? Until it is corrected the last good version stays: beta"),
        ("maxReplicas: 0", ". Until it is corrected the last good version stays: beta"),
    ])
    func `an error message is a whole sentence before the next one`(mistake: String, ending: String) async throws {
        let folder = try TemporaryFolder()
        try folder.write("b.yaml", manifest("beta"))
        let directory = open(folder)
        directory.scan()
        try folder.write("b.yaml", manifest("beta", more: "  " + mistake))
        try await settle(directory)
        let message = try #require(try await snapshot(directory).rejections.first?.message)
        #expect(message.hasSuffix(ending), "\(message)")
        for join in ["?.", "..", ".;"] { #expect(!message.contains(join), "\(message)") }
    }

    @Test func `a file that is being written is not read before it is complete`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", manifest("alpha"))
        let directory = open(folder)
        directory.scan()
        // The scan is as of this moment, so that a pause of this process after the writes does not matter.
        let written = Moment.now
        try folder.write("a.yaml", "")
        try folder.write("b.yaml", manifest("beta"))
        #expect(!directory.scan(at: written), "it will scan again soon")
        #expect(try await names(directory) == ["alpha"])
        try folder.write("a.yaml", manifest("alpha", command: "[whole]"))
        try await settle(directory)
        #expect(try await snapshot(directory).functions.map(\.generation) == [2, 1])
    }

    @Test func `the functions of a deleted file are removed, those of a moved file stay`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", manifest("alpha"))
        try folder.write("b.yaml", manifest("beta"))
        let directory = open(folder)
        directory.scan()
        let alpha = try await snapshot(directory).functions.first
        try folder.remove("b.yaml")
        try FileManager.default.moveItem(atPath: folder.path + "/a.yaml", toPath: folder.path + "/c.yaml")
        try await settle(directory)
        let left = try await snapshot(directory).functions
        #expect(left.map(\.name.text) == ["alpha"] && left.first?.origin.location == "c.yaml")
        #expect(left.first?.generation == alpha?.generation)
    }

    @Test func `a folder that disappears removes no function, and one that never existed is empty`() async throws {
        let folder = try TemporaryFolder()
        let directory = open(folder) { $0.folder = folder.path + "/functions" }
        directory.scan()
        #expect(try await snapshot(directory) == FunctionSnapshot())
        _ = try await directory.create(draft("alpha"))
        try FileManager.default.moveItem(atPath: folder.path + "/functions", toPath: folder.path + "/away")
        try await settle(directory)
        directory.scan()
        let snapshot = try await snapshot(directory)
        #expect(snapshot.functions.map(\.name.text) == ["alpha"] && snapshot.rejections.count == 1)
    }

    @Test func `REST creates one readable file, which F2S may write only if it has the marker`() async throws {
        let folder = try TemporaryFolder()
        let directory = open(folder)
        let created = try await directory.create(draft("alpha"))
        #expect(try folder.names == ["alpha.yaml"])
        #expect(try folder.read("alpha.yaml").hasPrefix(ManifestFile.marker + "\n"))
        let permissions = try FileManager.default.attributesOfItem(atPath: folder.path + "/alpha.yaml")[
            .posixPermissions]
        #expect(permissions as? Int == 0o600, "env may hold passwords")

        let restarted = open(folder)
        restarted.scan()
        let found = try #require(try await snapshot(restarted).functions.first)
        #expect(found.draft == created.draft && found.storeRevision == created.storeRevision && found.origin.isWritable)

        let text = try folder.read("alpha.yaml").split(separator: "\n").dropFirst().joined(separator: "\n")
        try folder.write("alpha.yaml", text)
        try await settle(restarted)
        await #expect(throws: StoreError.readOnly(created.name, location: "alpha.yaml", line: 1)) {
            try await restarted.delete(created.name, ifRevision: nil)
        }
    }

    @Test func `a manifest written by hand is never rewritten`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("mine.yaml", "# mine\n" + manifest("alpha"))
        let text = try folder.read("mine.yaml")
        let directory = open(folder)
        directory.scan()
        let readOnly = try StoreError.readOnly(FunctionName("alpha"), location: "mine.yaml", line: 2)
        await #expect(throws: readOnly) { _ = try await directory.replace(draft("alpha"), ifRevision: nil) }
        await #expect(throws: readOnly) { try await directory.delete(FunctionName("alpha"), ifRevision: nil) }
        await #expect(throws: StoreError.alreadyExists(try FunctionName("alpha"))) {
            _ = try await directory.create(draft("alpha"))
        }
        #expect(try folder.read("mine.yaml") == text)
    }

    @Test func `an existing file of the same name is not changed`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("alpha.yaml", manifest("other"))
        let directory = open(folder)
        directory.scan()
        #expect(try await directory.create(draft("alpha")).origin.location == "alpha.f2s.yaml")
        #expect(try await names(directory) == ["other", "alpha"])
    }

    @Test func `the error of a folder that cannot be written names the folder`() async throws {
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
        directory.scan()
        let snapshot = try await snapshot(directory)
        #expect(snapshot.functions.count == 3 && snapshot.rejections.count == 1)
    }

    @Test(arguments: [
        [UInt8](repeating: 0x20, count: 2 << 20), [0xFF, 0xFE, 0x00, 0x41], Array("{{{{".utf8),
    ])
    func `an invalid manifest is rejected with its file's name, and the others work`(text: [UInt8]) async throws {
        let folder = try TemporaryFolder()
        try folder.write("good.yaml", manifest("good"))
        try Data(Array("kind: Function\n".utf8) + text).write(to: URL(filePath: folder.path + "/bad.yaml"))
        let directory = open(folder)
        directory.scan()
        let snapshot = try await snapshot(directory)
        #expect(snapshot.functions.map(\.name.text) == ["good"])
        #expect(snapshot.rejections.map(\.location) == ["bad.yaml"])
    }

    @Test func `a thousand manifests are read in time, and a second scan is cheap`() async throws {
        let folder = try TemporaryFolder()
        for number in 0..<1000 { try folder.write("f\(number).yaml", manifest("f\(number)")) }
        try folder.write("f500.yaml", manifest("f500", more: "  nonsense: true"))
        let directory = open(folder)
        let first = ContinuousClock().measure { directory.scan() }
        let snapshot = try await snapshot(directory)
        #expect(snapshot.functions.count == 999 && snapshot.rejections.map(\.location) == ["f500.yaml"])
        try await settle(directory)
        let again = ContinuousClock().measure { directory.scan() }
        print("1,000 manifests read in \(first), scanned again in \(again)")
        #expect(first < .seconds(25), "five times the limit of a start")
        #expect(again < first / 5, "only changed files are read: \(again) after \(first)")
    }
}
