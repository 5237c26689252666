import Testing

/// Tests each rule with samples that it must report and with similar samples that it must accept.
@Suite struct FileRuleTests {
    private func file(_ text: String, at path: String = "Sources/Model/Sample.swift") -> SourceFile {
        SourceFile(path: path, text: text)
    }

    @Test(arguments: [
        ("Sources/Model/A.swift", "import Glibc"),
        ("Sources/Model/A.swift", "import Logging"),
        ("Sources/Metrics/A.swift", "public import FoundationEssentials"),
        ("Sources/System/A.swift", "import FoundationEssentials"),
        ("Sources/Metrics/A.swift", "import F2SSystem"),
        ("Sources/Dispatcher/A.swift", "import Logging"),
        ("Sources/Dispatcher/A.swift", "import FoundationEssentials"),
        ("Sources/Dispatcher/A.swift", "import F2SConfig"),
        ("Sources/Dispatcher/Queue/A.swift", "import NIOCore"),
        ("Sources/Operator/A.swift", "import NIOCore"),
        ("Sources/APIServer/A.swift", "@testable import F2SDispatcher"),
        ("Sources/Platforms/Local/A.swift", "import F2SOperator"),
        ("Sources/Client/A.swift", "import class F2SConfig.SettingsFile"),
        ("Sources/Wrap/A.swift", "import F2SModel"),
        ("Sources/f2s/A.swift", "import Hummingbird"),
        ("Sources/Plumbing/A.swift", "let a = 1"),
        ("Sources/Platforms/A.swift", "let a = 1"),
        ("Sources/A.swift", "let a = 1"),
    ])
    func `an import that the table does not allow is reported`(path: String, text: String) {
        #expect(ImportRule.findings(file("\n" + text, at: path)).count == 1)
    }

    @Test(arguments: [
        ("Sources/Model/A.swift", "import Synchronization"),
        ("Sources/Metrics/A.swift", "import Glibc\nimport CLinux\npublic import F2SModel"),
        ("Sources/System/A.swift", "import F2SModel\nimport Glibc"),
        ("Sources/Dispatcher/Queue/A.swift", "import F2SMetrics\nimport F2SSystem\nimport Glibc"),
        ("Sources/APIServer/A.swift", "import Hummingbird\nimport HTTPTypes\nimport NIOCore\nimport Logging"),
        ("Sources/Wrap/A.swift", "import Subprocess\nimport SystemPackage\nimport struct Logging.Logger"),
        ("Sources/f2s/A.swift", "import F2SDispatcher\nimport F2SLocal\nimport ArgumentParser"),
        ("Sources/CLinux/A.swift", "import Anything"),
        ("Tests/ModelTests/A.swift", "import Anything"),
    ])
    func `an import that the table allows passes`(path: String, text: String) {
        #expect(ImportRule.findings(file(text, at: path)).isEmpty)
    }

    @Test func `a file of 501 lines is too long, one of 500 is not`() {
        #expect(LengthRule.findings(file(String(repeating: "a\n", count: 501))).map(\.line) == [501])
        #expect(LengthRule.findings(file(String(repeating: "a\n", count: 500))).isEmpty)
    }

    @Test func `a line of 121 columns is too long, one of 120 is not, and a letter of two bytes is one column`() {
        #expect(LengthRule.findings(file("a\n" + String(repeating: "a", count: 121))).map(\.line) == [2])
        #expect(LengthRule.findings(file(String(repeating: "ü", count: 120))).isEmpty)
    }

    @Test(arguments: ["func a() {", "init() {", "var a: Int {"])
    func `a function of 71 lines is too long, one of 70 is not`(head: String) {
        let tooLong = "struct S {\n\(head)\n" + String(repeating: "b()\n", count: 69) + "}\n}"
        let justRight = "struct S {\n\(head)\n" + String(repeating: "b()\n", count: 68) + "}\n}"
        #expect(LengthRule.findings(file(tooLong)).map(\.line) == [2])
        #expect(LengthRule.findings(file(justRight)).isEmpty)
    }

    @Test(arguments: [
        "try! a()", "fatalError()", "a as! B", "class A: @unchecked Sendable {}", "nonisolated(unsafe) var a = 1",
        "unowned(unsafe) let a: B", "unsafeBitCast(a, to: B.self)", "print(1)", "debugPrint(1)", "dump(a)",
        "Task { }", "Task(priority: .high) { }", "Task<Void, Never> { }", "Task.detached { }", "Task.init { }",
        "Thread.sleep(1)", "sleep(1)", "usleep(1)", "import Foundation", "import FoundationNetworking", "import XCTest",
        "future.wait()", "a!", "a!.b", "f()!", "a[0]!", "\"\\(a!)\"", "var a: B!", "a!!", "a?.b!",
        "AsyncStream<Int> { a in }", "AsyncStream { a in }", "AsyncStream(Int.self) { }",
        "AsyncStream.makeStream(of: Int.self)", "AsyncStream<Int>.makeStream()",
        "AsyncStream.makeStream(of: Int.self, bufferingPolicy: .unbounded)", "AsyncThrowingStream { a in }",
    ])
    func `a banned call is reported unless a comment above proves it safe`(text: String) {
        #expect(BannedCallRule.findings(file("let a = 1\n" + text)).map(\.line).contains(2))
        #expect(BannedCallRule.findings(file("// Safe: it is proved.\n" + text)).isEmpty)
        #expect(BannedCallRule.findings(file("// Safe: it is proved\n// at length.\n" + text)).isEmpty)
        #expect(!BannedCallRule.findings(file("// Safe: far away.\n\n" + text)).isEmpty)
    }

    @Test(arguments: [
        "a != b", "!a", "if !(a) {}", "a = !b", "try? a()", "a as? B", "// fatalError()", "\"fatalError()\"",
        "try await clock.sleep(for: a)", "try await Task.sleep(for: a)", "func print(_ a: Int) {}", "logger.dump(a)",
        "try Task.checkCancellation()", "Task.isCancelled", "wait()", "import FoundationEssentials",
        "group.addTask { }",
        "func a() -> AsyncStream<Void> { b }", "var a: AsyncStream<Int> { b }", "let a: AsyncStream<Int>.Continuation",
        "AsyncStream.makeStream(of: Int.self, bufferingPolicy: .bufferingNewest(1))", "AsyncStream(unfolding: a)",
        "AsyncThrowingStream { try await a() }",
    ])
    func `code similar to a banned call passes`(text: String) {
        #expect(BannedCallRule.findings(file(text)).map(\.description) == [])
    }

    @Test func `only functions named start and stop may call wait`() {
        let waiting = { (name: String) in self.file("func \(name)() {\n    future.wait()\n}\nfunc other() {}") }
        #expect(BannedCallRule.findings(waiting("start")).isEmpty)
        #expect(BannedCallRule.findings(waiting("stop")).isEmpty)
        #expect(BannedCallRule.findings(waiting("restart")).map(\.line) == [2])
    }

    @Test func `tests may force unwrap, and the program may print`() {
        #expect(BannedCallRule.findings(file("try! a!", at: "Tests/ModelTests/A.swift")).isEmpty)
        #expect(BannedCallRule.findings(file("print(1)", at: "Sources/f2s/A.swift")).isEmpty)
        #expect(BannedCallRule.findings(file("sleep(1)", at: "Tests/ModelTests/A.swift")).count == 1)
    }

    @Test(arguments: [
        "public func a() {}", "// No documentation.\npublic func a() {}", "/// Far away.\n\npublic func a() {}",
        "public let a = 1", "@inlinable\npublic var a: Int { 1 }", "open class A {}", "public final class A {}",
        "/// P\npublic protocol P {\n    func a()\n}", "/// E\npublic enum E {\n    case a\n}",
        "/// S\npublic struct S {\n    public init() {}\n}", "public typealias A = B", "public private(set) var a = 1",
    ])
    func `a public symbol without documentation is reported`(text: String) {
        #expect(DocumentationRule.findings(file(text)).count == 1)
    }

    @Test(arguments: [
        "/// A.\npublic func a() {}", "/// A.\n@inlinable\n@discardableResult\npublic func a() {}", "func a() {}",
        "/// A.\n@available(\n    *, deprecated\n)\npublic func a() {}", "/** A. */\npublic func a() {}",
        "/// P\npublic protocol P {\n    /// A.\n    func a()\n}", "protocol P {\n    func a()\n}", "public import A",
        "/// A.\n/// - Throws: B.\npublic func a() {}", "extension A {\n    /// B.\n    public var b: Int { 1 }\n}",
    ])
    func `a documented or internal symbol passes`(text: String) {
        #expect(DocumentationRule.findings(file(text)).map(\.description) == [])
    }

    @Test(arguments: ["ReplicaManager", "PathHelper", "StringUtils", "BaseQueue", "CommonTypes", "QueueImpl"])
    func `a type name with an empty word is reported`(name: String) {
        #expect(NameRule.findings(file("final class \(name) {}")).count == 1)
    }

    @Test(arguments: ["Database", "Baseline", "Commonality", "Utility", "Implementation", "Managers"])
    func `a type name in which another word only begins with an empty word passes`(name: String) {
        #expect(NameRule.findings(file("struct \(name) {}")).isEmpty)
    }

    @Test func `a test without a sentence as its name is reported`() {
        #expect(NameRule.findings(file("@Test(arguments: [1])\nfunc testQueue(a: Int) {}")).count == 1)
        #expect(NameRule.findings(file("@Test func `a full queue refuses`() {}\nfunc other() {}")).isEmpty)
    }

    @Test(arguments: [
        "// TO" + "DO: later", "# FIX" + "ME", "a X" + "XX b", "cd /ho" + "me/me", "\"/Us" + "ers/me\"", "/ro" + "ot/x",
        "image: docker" + ".io/library/a", "ghcr" + ".io/a/b",
    ])
    func `a note, a machine path and a registry are reported`(text: String) {
        #expect(WordingRule.findings(file("ok\n\(text)", at: "docs/a.md")).map(\.line) == [2])
    }

    @Test(arguments: [
        "mkdtemp(\"f2s-XXXXXX\")", "METHODO", "docs/wo" + "rk/a.md", "/usr/bin/env bash", "registry/hello:1",
    ])
    func `words similar to notes, machine paths and registries pass`(text: String) {
        #expect(WordingRule.findings(file(text, at: "docs/a.md")).map(\.description) == [])
    }

    @Test(arguments: [
        "struct DrainDesk {}", "enum StartTrouble {}", "func setWish() {}", "/// What a caller sees.\nlet a = 1",
        "// It keeps what it has in hand.\nlet a = 1", "/// Returns the trouble of a function.\nlet a = 1",
    ])
    func `a word of our own is reported`(text: String) {
        #expect(VocabularyRule.findings(file(text)).count == 1)
    }

    @Test(arguments: [
        "struct DrainCoordinator {}", "struct Bookmark {}", "/// Returns the seating plan.\nlet a = 1",
        "/// The reason of a failure and\n/// What a caller sees.\nlet a = 1", "let text = \"nobody\"",
    ])
    func `standard terms and similar words pass`(text: String) {
        #expect(VocabularyRule.findings(file(text)).isEmpty)
    }
}
