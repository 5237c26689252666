import F2SModel
import Testing

@Suite struct SourceCodeTests {
    private static func errors(
        _ source: SourceCode, command: [String]? = nil, image: String? = nil
    ) throws -> [String] {
        FunctionDraft(
            name: try FunctionName("hello"), route: try Route("/hello"),
            target: Target(image: image, command: command, source: source)
        ).fieldErrors().map(\.description)
    }

    private static let handler = ["handler.py": "def handle(request): pass"]

    @Test func `a handler in a file needs neither an image nor a command`() throws {
        #expect(try Self.errors(SourceCode(runtime: .python, files: Self.handler)) == [])
        #expect(try Self.errors(SourceCode(runtime: .python, files: Self.handler), image: "python:3") == [])
        #expect(try Self.errors(SourceCode(runtime: .node, files: ["lib/a.mjs": ""], handler: "lib.a.main")) == [])
        #expect(try Self.errors(SourceCode(runtime: .shell, files: ["handler.sh": "date"])) == [])
        #expect(try Self.errors(SourceCode(runtime: nil, files: ["a.rb": ""]), command: ["ruby", "a.rb"]) == [])
    }

    static let rejected: [(source: SourceCode, command: [String]?, field: String, words: String)] = [
        (SourceCode(runtime: .python, files: [:]), nil, "target.source.files", "1 to 32 files"),
        (
            SourceCode(
                runtime: .python,
                files: handler.merging((0..<32).map { ("f\($0)", "") }) { first, _ in first }), nil,
            "target.source.files", "33 files"
        ),
        (
            SourceCode(runtime: .python, files: handler.merging(["a": String(repeating: "a", count: 1 << 18)]) { $1 }),
            nil, "target.source.files", "at most 262144 bytes"
        ),
        (SourceCode(runtime: .python, files: handler.merging(["a": "\0"]) { $1 }), nil, "a", "zero byte"),
        (SourceCode(runtime: nil, files: handler), nil, "target.source.runtime", "python, node, shell"),
        (SourceCode(runtime: nil, files: handler, handler: "a.b"), ["x"], "target.source.handler", "left out"),
        (SourceCode(runtime: .python, files: handler), ["python3"], "target.command", "left out"),
        (SourceCode(runtime: .python, files: handler, handler: "handle"), nil, "target.source.handler", "a module"),
        (SourceCode(runtime: .python, files: handler, handler: "handler.1"), nil, "target.source.handler", "a module"),
        (SourceCode(runtime: .python, files: handler, handler: "main.f"), nil, "target.source.handler", "no main.py"),
        (SourceCode(runtime: .node, files: handler), nil, "target.source.handler", "no handler.mjs, handler.js"),
        (SourceCode(runtime: .shell, files: handler), nil, "target.source.handler", "no handler.sh"),
        (SourceCode(runtime: .python, files: handler.merging(["handler.py/a": ""]) { $1 }), nil, "files", "folder"),
    ]

    @Test(arguments: rejected.indices) func `a wrong source is rejected with the field and the remedy`(index: Int)
        throws
    {
        let (source, command, field, words) = Self.rejected[index]
        let errors = try Self.errors(source, command: command)
        #expect(errors.contains { $0.contains(field) && $0.contains(words) }, "\(errors)")
    }

    @Test(arguments: [
        "", "/a", "a/", "a//b", "../a", "a/../b", ".a", "a/.b", "a.", "a..b", "a b", "ä", "a\n", "a\\b", "~",
        String(repeating: "a", count: 129),
    ])
    func `a path that is not plain is rejected`(path: String) throws {
        let errors = try Self.errors(SourceCode(runtime: .python, files: Self.handler.merging([path: ""]) { $1 }))
        #expect(errors.count == 1 && errors[0].contains("relative paths"), "\(errors)")
    }

    @Test func `each part of a source changes the revision`() throws {
        let sources = [
            nil, SourceCode(runtime: .python, files: Self.handler), SourceCode(runtime: .node, files: Self.handler),
            SourceCode(runtime: .python, files: ["handler.py": "other"]),
            SourceCode(runtime: .python, files: ["other.py": "def handle(request): pass"]),
            SourceCode(runtime: .python, files: Self.handler, handler: "handler.other"),
        ]
        #expect(Set(sources.map { Revision(of: Target(source: $0)).text }).count == sources.count)
        // Writing down the default changes nothing.
        let explicit = SourceCode(runtime: .python, files: Self.handler, handler: "handler.handle")
        #expect(Revision(of: Target(source: explicit)) == Revision(of: Target(source: sources[1])))
    }

    @Test(
        arguments: [
            ("f2s: handler.py:4: SyntaxError: invalid syntax", "handler.py, line 4: SyntaxError: invalid syntax"),
            ("f2s: lib/a.mjs: has no function handle", "lib/a.mjs: has no function handle"),
            ("f2s: the program x is not found: check its name", nil), ("handler.py:4: no", nil), ("f2s: ", nil),
            ("f2s: a", nil),
        ] as [(String, String?)])
    func `the line of a runtime names the file, the line and the error`(line: String, text: String?) {
        #expect(SourceError(logLine: line)?.text == text)
        #expect(SourceError(in: [line, "more"])?.text == text)
    }
}
