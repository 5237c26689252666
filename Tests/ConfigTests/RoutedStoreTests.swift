import F2SConfig
import F2SModel
import TestSupport
import Testing

@Suite struct RoutedStoreTests {
    private let store = InMemoryFunctions()
    private let routed = Latest(FunctionSnapshot())
    private let loopsAsked = Latest(0)

    private func routedStore(timeout: Duration = .seconds(60)) -> RoutedStore {
        RoutedStore(store, routed: routed, timeout: timeout) { [loopsAsked] in loopsAsked.update { $0 += 1 } }
    }

    private func draft(_ name: String, route: String) throws -> FunctionDraft {
        try FunctionDraft(name: FunctionName(name), route: Route(route), target: Target(image: "x"))
    }

    /// Performs a write, and passes the stored state to the dispatcher after the write has waited for it.
    private func write(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let stored = store.current
        let hasReturned = Latest(false)
        let writing = Task {
            try await body()
            hasReturned.publish(true)
        }
        while store.current == stored { await Task.yield() }
        // A snapshot without the write, like one that was already on its way.
        routed.publish(stored)
        for _ in 0..<1000 { await Task.yield() }
        #expect(!hasReturned.current)
        routed.publish(store.current)
        try await writing.value
    }

    @Test func `a write returns after every event loop routes by it`() async throws {
        let api = routedStore()
        let (first, edited) = (try draft("a", route: "/a"), try draft("a", route: "/b"))
        try await write { _ = try await api.create(first) }
        try await write { _ = try await api.replace(edited, ifRevision: nil) }
        try await write { try await api.delete(first.name, ifRevision: nil) }
        try await write { _ = try await api.create(first) }
        #expect(loopsAsked.current == 4)
    }

    @Test func `a write that is superseded by a later one does not wait for ever`() async throws {
        let api = routedStore()
        let function = try draft("a", route: "/a")
        try await write {
            _ = try await api.create(function)
        }
        try await write {
            try await api.delete(function.name, ifRevision: nil)
        }
        // The function is declared, deleted and declared again before the dispatcher receives a snapshot.
        let writing = Task { try await api.create(function) }
        while store.current.functions.isEmpty { await Task.yield() }
        try await store.delete(function.name, ifRevision: nil)
        _ = try await store.create(function)
        routed.publish(store.current)
        _ = try await writing.value
    }

    @Test func `a write returns after the timeout if the dispatcher receives no snapshot`() async throws {
        let api = routedStore(timeout: .milliseconds(1))
        let function = try draft("a", route: "/a")
        _ = try await api.create(function)
        #expect(store.current.functions.count == 1 && routed.current.functions.isEmpty)
    }

    @Test func `a write that fails throws at once`() async throws {
        let api = routedStore()
        let function = try draft("a", route: "/a")
        await #expect(throws: StoreError.notFound(function.name)) { try await api.replace(function, ifRevision: nil) }
        await #expect(throws: StoreError.notFound(function.name)) {
            try await api.delete(function.name, ifRevision: nil)
        }
    }
}
