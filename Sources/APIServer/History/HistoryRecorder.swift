import F2SConfig
import F2SManifest
import F2SModel
import Logging
import ServiceLifecycle
import Synchronization

/// Records the changes of declarations, and the declarations that have served. It follows the catalogue and the
/// replicas, and looks at the changed functions only.
///
/// A declaration is recorded when another one replaces it, and when a caller of the API has written it. Two changes in
/// quick succession may be recorded as one, because the catalogue merges them.
final class HistoryRecorder: Service {
    private struct State {
        /// The newest snapshot of the replicas.
        var replicas = ReplicaSnapshot()
        /// The newest generation of each function of which a replica became ready since the start of this process.
        var served: [Function.ID: Int] = [:]
    }

    private let catalog: FunctionCatalog
    private let runtime: any ReplicaRuntime
    private let archive: any DeclarationArchive
    private let clock: any ControlClock
    private let logger: Logger
    private let state = Mutex(State())
    /// Raised when declarations or replicas have changed. One task handles both, so that no change of a history is
    /// lost.
    private let changes = Signal()

    /// The time between the end of one stream of replicas and the request for the next.
    private static let pause = Duration.seconds(1)

    init(
        catalog: FunctionCatalog, runtime: any ReplicaRuntime, archive: any DeclarationArchive,
        clock: any ControlClock, logger: Logger
    ) {
        self.catalog = catalog
        self.runtime = runtime
        self.archive = archive
        self.clock = clock
        self.logger = logger
    }

    /// Records until graceful shutdown.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { for await _ in self.catalog.snapshots() { self.changes.raise() } }
                group.addTask { await self.followReplicas() }
                group.addTask { await self.recordChanges() }
            }
        }
    }

    /// Returns the history of a function, with its current declaration as the newest.
    /// - Throws: ``StoreError/unavailable(_:)``.
    func history(of function: Function) async throws -> FunctionHistory {
        let stored = try await archive.fetchHistory(of: function)
        var history = stored.history
        history.add(record(of: function, edit: stored.edit))
        return history
    }

    private func followReplicas() async {
        while !Task.isCancelled {
            do {
                try await runtime.withReplicas { snapshots in
                    for await snapshot in snapshots {
                        state.withLock { $0.replicas = snapshot }
                        changes.raise()
                    }
                }
            } catch {
                logger.debug("The replicas cannot be followed for the history.", metadata: ["error": "\(error)"])
            }
            // The sleep ends early only by cancellation, which the loop checks itself.
            try? await clock.sleep(for: Self.pause)
        }
    }

    private func recordChanges() async {
        // Otherwise every function would seem to be new.
        await catalog.waitUntilLoaded()
        var (known, knownReplicas) = (catalog.current, ReplicaSnapshot())
        for await _ in changes.arrivals() {
            let (snapshot, replicas) = (catalog.current, state.withLock { $0.replicas })
            let declarations = snapshot.changes(since: known)
            for function in declarations.declared { await record(function, before: known.function(of: function.id)) }
            for function in declarations.removed { forget(function) }
            let concerned = replicas.changes(since: knownReplicas).union(declarations.declared.map(\.id))
            for id in concerned { if let function = snapshot.function(of: id) { await noteServing(function) } }
            (known, knownReplicas) = (snapshot, replicas)
        }
    }

    private func record(_ function: Function, before: Function?) async {
        // Another line of a file, or a restart, is no change of the declaration.
        guard before?.generation != function.generation else { return }
        guard before != nil || function.origin.lastEdit?.user != nil else { return }
        var history = archive.currentHistory(of: function.id)
        var edit = function.origin.lastEdit
        if let before {
            // The platform is asked only for what this process does not know.
            if edit == nil || history.records.isEmpty {
                do {
                    let stored = try await archive.fetchHistory(of: function)
                    history = stored.history
                    edit = edit ?? stored.edit
                } catch {
                    logger.debug("The stored history of a function cannot be read.", metadata: ["error": "\(error)"])
                }
            }
            history.add(record(of: before, edit: nil))
        }
        history.add(record(of: function, edit: edit ?? Function.Edit(time: clock.secondsSince1970(), user: nil)))
        await archive.keep(history, of: function)
    }

    private func forget(_ function: Function) {
        state.withLock { _ = $0.served.removeValue(forKey: function.id) }
        archive.forget(function)
    }

    /// Notes if the current declaration of a function has a ready replica.
    private func noteServing(_ function: Function) async {
        let isKnown = state.withLock { $0.served[function.id] == function.generation }
        guard !isKnown, hasServed(function) else { return }
        state.withLock { $0.served[function.id] = function.generation }
        var history = archive.currentHistory(of: function.id)
        if history.markServed(function.generation) { await archive.keep(history, of: function) }
    }

    private func hasServed(_ function: Function) -> Bool {
        let (isKnown, ready) = state.withLock { state in
            (state.served[function.id] == function.generation, state.replicas[function.id].readyRevisions)
        }
        return isKnown || !ready.isEmpty && ready.contains(function.revision)
    }

    private func record(of function: Function, edit: Function.Edit?) -> DeclarationRecord {
        DeclarationRecord(
            function, edit: function.origin.lastEdit ?? edit, hasServed: hasServed(function),
            manifest: ManifestWriter().yaml(function.draft))
    }
}

extension ReplicaSnapshot.Entry {
    /// The revisions of the replicas that accept invocations.
    var readyRevisions: Set<Revision> { Set(replicas.lazy.filter { $0.state == .ready }.map(\.revision)) }
}
