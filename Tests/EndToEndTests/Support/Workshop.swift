import F2SModel
import ProcessSupport
import Testing

/// The shared resources of a test run: the f2s under test, the compiled function, and a folder, which is removed at the
/// end.
struct Workshop: Sendable {
    /// A folder for files of the tests.
    let folder: String
    /// The release build of f2s.
    let f2s: String
    /// The compiled function (``FunctionSource``).
    let function: String

    @TaskLocal private static var opened: Workshop?

    /// The workshop of the running suite.
    static var current: Workshop {
        get throws { try #require(opened, "the suite needs the trait .workshop") }
    }

    fileprivate static func open(_ body: @Sendable () async throws -> Void) async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let workshop = Workshop(
            folder: folder.path, f2s: try F2SBinary.path(), function: try FunctionCompiler.compile(into: folder.path))
        try await $opened.withValue(workshop) { try await body() }
    }
}

/// Opens the workshop once per suite, and runs the tests of the suite on threads that may block.
struct WorkshopTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(ThreadPerJob()) { try await Workshop.open(function) }
    }
}

extension SuiteTrait where Self == WorkshopTrait {
    static var workshop: WorkshopTrait { WorkshopTrait() }
}
