import F2SManifest
import F2SModel
import F2SSystem
import Foundation
import Glibc
import TestSupport
import Testing

@testable import F2SLocal

@Suite struct ForeignFilesTests {
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

    private func settle(_ directory: ManifestDirectory) async throws {
        var moment = Moment.now
        try await eventually("the folder is stable") {
            moment.steady += .milliseconds(200)
            return directory.scan(at: moment)
        }
    }

    @Test(arguments: [5, 12]) func `more foreign files than the limit delete no function`(filesMax: Int)
        async throws
    {
        let folder = try TemporaryFolder()
        try folder.write("deep/last.yaml", manifest("last"))
        let directory = open(folder) { $0.filesMax = filesMax }
        directory.scan()
        for number in 0..<20 { try folder.write("data-\(number).json", "{\"number\": \(number)}") }
        try await settle(directory)
        directory.scan()
        #expect(try await names(directory) == ["last"])
        #expect(try await snapshot(directory).rejections.count == 1, "one message reports that the folder is too large")

        try folder.write("deep/last.yaml", manifest("last", command: "[changed]"))
        try await settle(directory)
        #expect(try await snapshot(directory).functions.first?.target.command == ["changed"], "its edits are seen")
        try folder.remove("deep/last.yaml")
        try await settle(directory)
        #expect(try await names(directory) == [], "its deletion is seen")
    }

    @Test func `a bound on entries, folders or levels that is reached later deletes no function`() async throws {
        for bound in [\LocalOptions.entriesMax, \.foldersMax] {
            let folder = try TemporaryFolder()
            try folder.write("a.yaml", manifest("alpha"))
            try folder.write("z/z/z.yaml", manifest("zulu"))
            let directory = open(folder) { $0[keyPath: bound] = 5 }
            directory.scan()
            #expect(try await names(directory) == ["alpha", "zulu"])
            for number in 0..<9 { try folder.write("data-\(number)/x.json", "{}") }
            try await settle(directory)
            directory.scan()
            #expect(try await names(directory) == ["alpha", "zulu"])
        }
    }

    @Test(arguments: [
        "{\"name\": \"web\", \"version\": \"1.0.0\"}", "{ // a comment\n \"compilerOptions\": {} }", "[1, 2]", "text",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}", "name: hello\ncommand: [x]", "{{{{",
        "kind: FunctionApp\napiVersion: web/v1", "apiVersion: v1\nkind: List\nitems: [{kind: Pod}]",
        "kind: CustomResourceDefinition\nmetadata: {name: functions.f2s.opensight.ch}",
    ])
    func `a document of another kind causes no error`(text: String) async throws {
        let folder = try TemporaryFolder()
        try folder.write("other.yaml", text)
        try folder.write("other.json", text)
        try folder.write("both.yaml", text.hasPrefix("{") ? manifest("mine") : text + "\n---\n" + manifest("mine"))
        let directory = open(folder)
        directory.scan()
        let snapshot = try await snapshot(directory)
        #expect(snapshot.functions.map(\.name.text) == ["mine"])
        #expect(snapshot.rejections == [])
    }

    @Test(arguments: [
        "kind: Function\nmetadata: {name: a}", "kind: function\nspec: {endpoint: /a}",
        "{\"kind\" : \"FUNCTION\"}", "apiVersion: f2s.opensight.ch/v1\nkind: Funktion",
        "apiVersion: F2S.opensight.ch/v1alpha1", "apiVersion: v1\nkind: List\nitems: [{kind: Function}]",
    ])
    func `a mistyped declaration is reported as an error`(text: String) async throws {
        let folder = try TemporaryFolder()
        try folder.write("mine.yaml", text)
        let directory = open(folder)
        directory.scan()
        #expect(try await snapshot(directory).rejections.isEmpty == false)
    }

    @Test func `node_modules, hidden folders and files that ignore rules exclude are not read`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", manifest("alpha"))
        for ignored in ["node_modules/x.yaml", ".venv/x.yaml", "vendor/x.yaml", "sub/tmp-1.yaml", "sub/out/deep/x.yml"]
        {
            try folder.write(ignored, manifest("ignored"))
        }
        try folder.write("sub/tmp-keep.yaml", manifest("kept"))
        try folder.write(".f2signore", "# what others have made\n/vendor/\ntmp-*\n!tmp-keep.yaml\n")
        try folder.write("sub/.f2signore", "out/**/x.yml\n")
        let directory = open(folder)
        directory.scan()
        #expect(try await names(directory) == ["alpha", "kept"])
        try folder.write(".f2signore", "vendor\nsub\n")
        try await settle(directory)
        #expect(try await names(directory) == ["alpha"], "a change of the rules also applies to unchanged folders")
    }

    @Test(arguments: ["", "  \n", "# soon\n", "apiVersion: f2s.opensight.ch/v1alpha1\nkind: Fun", "metadata: {name: a"])
    func `the last good version of an emptied or half written file stays for a second`(text: String) async throws {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", manifest("alpha"))
        let directory = open(folder)
        let start = Moment.now
        directory.scan(at: start)
        try folder.write("a.yaml", text)
        for milliseconds in stride(from: 0, through: 900, by: 100) {
            var moment = start
            moment.steady += .milliseconds(milliseconds)
            moment.wall += Double(milliseconds) / 1000
            directory.scan(at: moment)
            #expect(try await names(directory) == ["alpha"], "after \(milliseconds) ms")
        }
        try folder.write("a.yaml", manifest("alpha", command: "[whole]"))
        try await settle(directory)
        #expect(try await snapshot(directory).functions.map(\.generation) == [2])
    }

    @Test func `the functions of an emptied file go later, those that moved to another file go at once`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", manifest("alpha") + "\n---\n" + manifest("beta"))
        let directory = open(folder)
        directory.scan()
        try folder.write("a.yaml", manifest("alpha"))
        try folder.write("b.yaml", manifest("beta"))
        var moment = Moment.now
        try await eventually("the function has moved") {
            moment.steady += .microseconds(10)
            directory.scan(at: moment)
            return try await snapshot(directory).functions.last?.origin.location == "b.yaml"
        }
        #expect(try await snapshot(directory).rejections == [])
        try folder.write("a.yaml", "")
        try await settle(directory)
        #expect(try await names(directory) == ["beta"])
    }

    @Test func `a thousand foreign files are checked in turns`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", manifest("alpha"))
        for number in 0..<1000 { try folder.write("data/\(number).json", "{}") }
        var walk = FolderWalk(
            folder: folder.path,
            limits: .init(filesMax: 5000, entriesMax: 5000, foldersMax: 50, depthMax: 5, followsLinks: false))
        let first = walk.scan(known: [], now: .zero)
        #expect(first.scanned.count == 1001)
        for (location, stamp) in first.scanned where location != "a.yaml" { walk.setForeign(location, stamp) }
        var seen: Set<String> = []
        for _ in 0..<4 {
            let scan = walk.scan(known: ["a.yaml"], now: .zero)
            #expect(scan.scanned.count <= 257 && scan.scanned["a.yaml"] != nil && !scan.isCut)
            seen.formUnion(scan.scanned.keys)
        }
        #expect(seen.count == 1001, "each has its turn")
    }
}
