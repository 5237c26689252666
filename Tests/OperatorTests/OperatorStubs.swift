import F2SModel
import Logging
import Synchronization
import TestSupport
import Testing

/// Forwards to a runtime in memory, records the times of its calls, and can block the calls of some functions.
final class WatchedReplicas: ReplicaRuntime {
    let inner: InMemoryReplicas
    private let held: Mutex<Set<Function.ID>> = Mutex([])
    private let asked = Mutex<[ContinuousClock.Instant]>([])
    private let outage = Mutex<String?>(nil)

    init(_ inner: InMemoryReplicas) { self.inner = inner }

    /// The times at which `apply` was called with a count above zero.
    var askedAt: [ContinuousClock.Instant] { asked.withLock { $0 } }

    /// Sets the answer of the platform to an outage check.
    func set(outage reason: String?) { outage.withLock { $0 = reason } }

    func fetchOutage() async -> String? { outage.withLock { $0 } }

    func hold(_ id: Function.ID) { held.withLock { _ = $0.insert(id) } }

    func apply(_ function: Function, _ count: ReplicaCount, retiring: [Replica.ID]) async throws {
        if count.minimum > 0 { asked.withLock { $0.append(.now) } }
        while held.withLock({ $0.contains(function.id) }) { try await Task.sleep(for: .milliseconds(2)) }
        try await inner.apply(function, count, retiring: retiring)
    }

    func remove(_ id: Function.ID) async throws { try await inner.remove(id) }

    func withReplicas<Result: Sendable>(
        _ body: @Sendable (Latest<ReplicaSnapshot>.Values) async throws -> Result
    ) async throws -> Result { try await inner.withReplicas(body) }

    func logs(of id: Function.ID, tail: Int, follow: Bool) -> AsyncStream<LogLine> {
        inner.logs(of: id, tail: tail, follow: follow)
    }
}

/// A log handler that collects the warnings.
struct CountingLog: LogHandler {
    final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var warnings: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    let lines: Lines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        if event.level == .warning { lines.add("\(event.message)") }
    }
}
