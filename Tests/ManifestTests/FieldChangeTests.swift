import F2SManifest
import F2SModel
import Testing

@Suite struct FieldChangeTests {
    private func draft(_ text: String) throws -> FunctionDraft {
        let contents = reading(text)
        return try #require(contents.documents.first?.draft, "\(contents.rejections)")
    }

    private func changes(_ before: String, _ after: String) throws -> [FieldChange] {
        FieldChange.changes(from: try draft(manifest(before)), to: try draft(manifest(after)))
    }

    @Test func `equal declarations have no changes`() throws {
        #expect(try changes("env: {A: a, B: b}", "env: {B: b, A: a}").isEmpty)
    }

    @Test func `each member of a mapping is a field, and a list is one field`() throws {
        let found = try changes(
            "command: [a, b]\nenv: {A: a, B: b, D: d}\nscaling: {idle: 60s}",
            "command: [a, \"b c\"]\nenv: {A: a, B: x, C: c}\nmaxReplicas: 7")
        #expect(
            found == [
                FieldChange("target.command", before: #"["a","b"]"#, after: #"["a","b c"]"#),
                FieldChange("target.maxReplicas", before: "5", after: "7"),
                FieldChange("target.env.B", before: "b", after: "x"),
                FieldChange("target.env.C", before: nil, after: "c"),
                FieldChange("target.env.D", before: "d", after: nil),
            ])
    }

    @Test func `a long text is shown as it is`() throws {
        let text = String(repeating: "line \"1\"\n", count: 5000)
        var (before, after) = (try draft(manifest()), try draft(manifest()))
        before.target.environment = ["A": "1"]
        after.target.environment = ["A": text]
        #expect(
            FieldChange.changes(from: before, to: after) == [FieldChange("target.env.A", before: "1", after: text)])
    }

    @Test func `each file of a source is a field of its own`() throws {
        var (before, after) = (try draft(manifest()), try draft(manifest()))
        before.target.source = SourceCode(runtime: .python, files: ["handler.py": "a\n", "old.py": "o"])
        after.target.source = SourceCode(runtime: .python, files: ["handler.py": "b\n", "data/new.txt": "n"])
        let found = FieldChange.changes(from: before, to: after)
        #expect(
            found == [
                FieldChange("target.source.files.data/new.txt", before: nil, after: "n"),
                FieldChange("target.source.files.handler.py", before: "a\n", after: "b\n"),
                FieldChange("target.source.files.old.py", before: "o", after: nil),
            ])
        #expect(
            FieldChange.changes(from: before, to: try draft(manifest())).map(\.field)
                == ["runtime", "files.handler.py", "files.old.py"].map { "target.source." + $0 })
    }

    @Test func `a value that becomes a mapping is one field on its side`() throws {
        var (before, after) = (try draft(manifest()), try draft(manifest()))
        before.access = .authenticated
        after.access = .groups(["a", "b"])
        #expect(
            FieldChange.changes(from: before, to: after) == [
                FieldChange("spec.access", before: "authenticated", after: nil),
                FieldChange("spec.access.groups", before: nil, after: #"["a","b"]"#),
            ])
    }

    @Test func `changes are in the order of a manifest`() throws {
        var (before, after) = (try draft(manifest()), try draft(manifest()))
        before.method = .get
        before.summary = "old"
        after.summary = "new"
        after.metadata = FunctionMetadata(labels: ["team": "shop"])
        after.target.timeout = .seconds(5)
        #expect(
            FieldChange.changes(from: before, to: after).map(\.field)
                == ["metadata.labels.team", "spec.method", "spec.description", "target.timeout"])
    }

    @Test(arguments: [
        ("port: x", "target.port"), ("prt: 1", "target.prt"), ("env: [a]", "target.env"),
        ("resources: {cpu: many}", "target.resources.cpu"), ("maxReplicas: 0", "target.maxReplicas"),
        ("envFrom: [{}]", "target.envFrom[0]"),
    ])
    func `an error names its field`(line: String, field: String) {
        let contents = reading(manifest(line))
        #expect(contents.errors.map(\.field) == [field], "\(contents.rejections)")
        #expect(contents.errors.map(\.message) == contents.rejections.map(\.message))
    }

    @Test func `an error about the text names no field`() {
        #expect(reading("a: [").errors.map(\.field) == [nil])
    }
}
