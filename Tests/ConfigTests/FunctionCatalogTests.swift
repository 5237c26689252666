import F2SConfig
import F2SModel
import Logging
import ServiceLifecycle
import Synchronization
import Testing

@Suite struct FunctionCatalogTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func snapshot(_ names: String...) throws -> FunctionSnapshot {
        FunctionSnapshot(
            functions: try names.enumerated().map { age, name in
                Function(
                    id: Function.ID(name),
                    draft: FunctionDraft(
                        name: try FunctionName(name), route: try Route(name), target: Target(image: "x")),
                    generation: 1, storeRevision: StoreRevision("1"), age: UInt64(age),
                    origin: Function.Origin(location: name, isWritable: true))
            })
    }

    @Test func `the catalog follows the store and ends when it is cancelled`() async throws {
        let store = PublishedStore()
        let catalog = FunctionCatalog(store: store, logger: logger)
        #expect(catalog.current.functions.isEmpty)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await catalog.run() }
            for names in [["a"], ["a", "b"]] {
                store.snapshots.publish(FunctionSnapshot(functions: try names.flatMap { try snapshot($0).functions }))
                for await seen in catalog.snapshots() where seen.functions.map(\.name.text) == names { break }
                #expect(catalog.current.functions.map(\.name.text) == names)
            }
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    @Test func `a store that fails is followed again`() async throws {
        let store = PublishedStore(failures: 1)
        let catalog = FunctionCatalog(store: store, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await catalog.run() }
            store.snapshots.publish(try snapshot("a"))
            for await seen in catalog.snapshots() where !seen.functions.isEmpty { break }
            group.cancelAll()
            try await group.waitForAll()
        }
        #expect(store.followed.withLock { $0 } == 2)
    }

    @Test func `a stream that ends is requested again`() async throws {
        let store = PublishedStore(endings: 2)
        let follower = StoreFollower(store, pause: .milliseconds(1), logger: logger)
        let seen = Latest(FunctionSnapshot())
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await follower.run { seen.publish($0) } }
            // The third stream is the first that does not end.
            while store.followed.withLock({ $0 }) < 3 { await Task.yield() }
            store.snapshots.publish((try? snapshot("late")) ?? FunctionSnapshot())
            for await snapshot in seen.values() where snapshot.functions.map(\.name.text) == ["late"] { break }
            group.cancelAll()
        }
    }

    @Test func `graceful shutdown ends the catalog`() async throws {
        let catalog = FunctionCatalog(store: PublishedStore(), logger: logger)
        let group = ServiceGroup(services: [catalog], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}

/// A store that implements only the snapshots.
private final class PublishedStore: FunctionStore {
    let snapshots = Latest(FunctionSnapshot())
    let followed = Mutex(0)
    private let failures: Int
    private let endings: Int

    /// - Parameters:
    ///   - failures: the number of calls that fail first.
    ///   - endings: the number of streams that end after their first snapshot.
    init(failures: Int = 0, endings: Int = 0) {
        self.failures = failures
        self.endings = endings
    }

    func withSnapshots<Result: Sendable>(
        _ body: @Sendable (Latest<FunctionSnapshot>.Values) async throws -> Result
    ) async throws -> Result {
        let times = followed.withLock { times in
            times += 1
            return times
        }
        guard times > failures else { throw StoreError.unavailable("It sleeps") }
        guard times > endings else {
            let (stream, continuation) = Latest<FunctionSnapshot>.Values.makeStream()
            continuation.yield(snapshots.current)
            continuation.finish()
            return try await body(stream)
        }
        return try await body(snapshots.values())
    }

    func create(_ draft: FunctionDraft, by user: String?) async throws -> Function {
        throw StoreError.unavailable("unused")
    }
    func replace(_ draft: FunctionDraft, ifRevision: StoreRevision?, by user: String?) async throws -> Function {
        throw StoreError.unavailable("unused")
    }
    func restart(_ name: FunctionName, by user: String?) async throws -> Function {
        throw StoreError.unavailable("unused")
    }
    func delete(_ name: FunctionName, ifRevision: StoreRevision?) async throws {
        throw StoreError.unavailable("unused")
    }
    func setStatus(_ status: FunctionStatus, of id: Function.ID) async throws {}
}
