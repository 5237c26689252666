public import F2SModel

/// The contract of a platform, as checks that every implementation (Local, Kubernetes, in memory) passes.
///
/// The checks use function names that begin with `conformance-` and delete the functions again. A check that fails
/// throws ``Failure``.
public struct PlatformConformance: Sendable {
    /// A part of the contract that the platform breaks.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        /// The expectation and the value found instead.
        public let description: String
    }

    private let platform: Platform
    private let target: Target
    private let otherTarget: Target
    private let namespace: String
    private let timeout: Duration

    /// Creates the checks for a platform.
    /// - Parameters:
    ///   - platform: The platform to check.
    ///   - target: A target that starts and becomes ready on this platform.
    ///   - otherTarget: Another such target, with a different revision.
    ///   - namespace: The namespace of the functions.
    ///   - timeout: The longest time for a replica to start or to end.
    public init(
        _ platform: Platform, target: Target, otherTarget: Target,
        namespace: String = FunctionDraft.namespaceDefault, timeout: Duration = .seconds(20)
    ) {
        self.platform = platform
        self.target = target
        self.otherTarget = otherTarget
        self.namespace = namespace
        self.timeout = timeout
    }

    /// Runs all checks, one after another.
    public func verify() async throws {
        try await verifyStore()
        try await verifyVersions()
        try await verifyRestart()
        try await verifyStatus()
        try await verifyReplicas()
        try await verifyClusterCount()
        try await verifyRevisions()
        try verifyEvents()
    }

    // MARK: The store

    /// Checks that declarations are stored, replaced and deleted, and that the snapshot contains the effect of a call
    /// when the call returns.
    public func verifyStore() async throws {
        let draft = try draft("conformance-store")
        let created = try await platform.functions.create(draft)
        try expect(created.draft == draft, "create returns the declaration unchanged, not \(created.draft)")
        try expect(created.generation == 1, "a new function has generation 1, not \(created.generation)")
        try expect(created.origin.isWritable, "a function created through the API is writable")
        try await expect(find(draft.name) == created, "a created function is in the snapshot")
        try await expect("a second function with the same name is rejected", .alreadyExists(draft.name)) {
            _ = try await platform.functions.create(draft)
        }
        var bad = draft
        bad.target.minReplicas = -1
        try await expect("invalid values are rejected", .invalid(bad.fieldErrors())) {
            _ = try await platform.functions.replace(bad, ifRevision: nil)
        }
        try await platform.functions.delete(draft.name, ifRevision: nil)
        try await expect(find(draft.name) == nil, "a deleted function is not in the snapshot")
        try await expect("a deleted function cannot be deleted again", .notFound(draft.name)) {
            try await platform.functions.delete(draft.name, ifRevision: nil)
        }
        try await expect("a deleted function cannot be replaced", .notFound(draft.name)) {
            _ = try await platform.functions.replace(draft, ifRevision: nil)
        }
    }

    /// Checks that every restart changes the revision, and that it changes nothing that the user declared.
    public func verifyRestart() async throws {
        let draft = try draft("conformance-restart")
        let created = try await platform.functions.create(draft)
        var revisions: Set<Revision> = [created.revision]
        for _ in 0..<2 {
            let restarted = try await platform.functions.restart(draft.name)
            try expect(revisions.insert(restarted.revision).inserted, "a restart changes the revision")
            try expect(restarted.draft == draft, "a restart does not change the declaration")
            try expect(restarted.generation == created.generation, "a restart does not change the generation")
            try await expect(find(draft.name)?.revision == restarted.revision, "the snapshot has the new revision")
        }
        try await platform.functions.delete(draft.name, ifRevision: nil)
        try await expect("a deleted function cannot be restarted", .notFound(draft.name)) {
            _ = try await platform.functions.restart(draft.name)
        }
    }

    /// Checks that two clients cannot overwrite each other's changes.
    public func verifyVersions() async throws {
        var draft = try draft("conformance-version")
        let first = try await platform.functions.create(draft)
        let same = try await platform.functions.replace(draft, ifRevision: first.storeRevision)
        try expect(same.generation == first.generation, "replacing without a change keeps the generation")
        draft.summary = "changed"
        let second = try await platform.functions.replace(draft, ifRevision: first.storeRevision)
        try expect(second.generation == first.generation + 1, "a change increments the generation")
        try expect(second.storeRevision != first.storeRevision, "a change changes the store revision")
        try expect(second.id == first.id && second.age == first.age, "a change keeps identity and age")
        try await expect(find(draft.name)?.draft == draft, "a change is in the snapshot")
        try await expect("an old store revision cannot be replaced", .conflict(current: second.storeRevision)) {
            _ = try await platform.functions.replace(draft, ifRevision: first.storeRevision)
        }
        try await expect("an old store revision cannot be deleted", .conflict(current: second.storeRevision)) {
            try await platform.functions.delete(draft.name, ifRevision: first.storeRevision)
        }
        let younger = try await platform.functions.create(self.draft("conformance-younger"))
        try expect(younger.age > second.age, "a function created later has a greater age number")
        try await platform.functions.delete(younger.name, ifRevision: younger.storeRevision)
        try await platform.functions.delete(draft.name, ifRevision: second.storeRevision)
    }

    /// Checks that a status is stored, and that a status of a deleted function is ignored.
    public func verifyStatus() async throws {
        let function = try await platform.functions.create(draft("conformance-status"))
        let status = FunctionStatus(observedGeneration: function.generation, desiredReplicas: 3)
        try await platform.functions.setStatus(status, of: function.id)
        try await wait("a status is in the snapshot") { try await find(function.name)?.status == status }
        try await platform.functions.delete(function.name, ifRevision: nil)
        try await platform.functions.setStatus(status, of: function.id)
        try await expect(find(function.name) == nil, "a status does not restore a deleted function")
    }

    // MARK: The runtime

    /// Checks that the desired number of replicas runs. If F2S chooses the replicas to stop, exactly those must end.
    public func verifyReplicas() async throws {
        let function = try await platform.functions.create(draft("conformance-replicas"))
        try await platform.replicas.apply(function, .fixed(2), retiring: [])
        try await wait("two replicas are ready") { try await ready(function).count == 2 }
        let both = try await ready(function)
        try expect(Set(both.map(\.id)).count == 2, "every replica has its own identity")
        try expect(both.allSatisfy { $0.address != nil }, "a ready replica has an address")
        try expect(both.allSatisfy { $0.revision == function.revision }, "a replica reports its revision")

        try await platform.replicas.apply(function, .fixed(2), retiring: [])
        try await expect(Set(ready(function).map(\.id)) == Set(both.map(\.id)), "applying twice changes nothing")

        switch platform.replicas.retirement {
        case .named:
            try await platform.replicas.apply(function, .fixed(1), retiring: [both[0].id])
            try await wait("only the retired replica ends") {
                try await replicas(function).map(\.id) == [both[1].id]
            }
            try await platform.replicas.apply(function, .fixed(0), retiring: [both[1].id])
        case .byPlatform:
            try await platform.replicas.apply(function, .fixed(1), retiring: [])
            try await wait("one of the two replicas ends and the other stays") {
                let left = try await replicas(function)
                return left.count == 1 && left[0].state == .ready && both.map(\.id).contains(left[0].id)
            }
            try await platform.replicas.apply(function, .fixed(0), retiring: [])
        }
        try await wait("no replica is left") { try await replicas(function).isEmpty }
        try await platform.replicas.apply(function, .fixed(1), retiring: [])
        try await wait("the function starts again from zero replicas") { try await ready(function).count == 1 }
        let again = try await ready(function)
        try expect(Set(again.map(\.id)).isDisjoint(with: both.map(\.id)), "a replica's identity is never reused")
        try await removeEverything(of: function)
    }

    /// Checks that the platform provides the first replica if the cluster owns the number, and keeps existing ones.
    public func verifyClusterCount() async throws {
        let function = try await platform.functions.create(draft("conformance-count"))
        try await platform.replicas.apply(function, .byCluster, retiring: [])
        try await wait("the first replica is ready") { try await ready(function).count == 1 }
        try await platform.replicas.apply(function, .fixed(2), retiring: [])
        try await wait("two replicas are ready") { try await ready(function).count == 2 }
        let both = try await ready(function)
        try await platform.replicas.apply(function, .byCluster, retiring: [])
        // A platform that had begun to end one of them would replace it now.
        try await platform.replicas.apply(function, .fixed(3), retiring: [])
        try await wait("three replicas are ready") { try await ready(function).count == 3 }
        try await expect(
            Set(ready(function).map(\.id)).isSuperset(of: both.map(\.id)),
            "no replica ends because the cluster owns the number")
        try await removeEverything(of: function)
    }

    /// Checks that a new revision runs beside the old one until F2S or the platform retires the old one.
    public func verifyRevisions() async throws {
        let function = try await platform.functions.create(draft("conformance-revision"))
        try await platform.replicas.apply(function, .fixed(1), retiring: [])
        try await wait("the first revision is ready") { try await ready(function).count == 1 }
        let old = try await ready(function)

        var draft = function.draft
        draft.target = otherTarget
        let changed = try await platform.functions.replace(draft, ifRevision: nil)
        try await platform.replicas.apply(changed, .fixed(1), retiring: [])
        switch platform.replicas.retirement {
        case .named:
            try await wait("the second revision is ready beside the first") {
                try await Set(ready(function).map(\.revision)) == [function.revision, changed.revision]
            }
            try await platform.replicas.apply(changed, .fixed(1), retiring: old.map(\.id))
        case .byPlatform:
            try await wait("the second revision is ready, and at no time is no replica ready") {
                let ready = try await ready(function)
                try expect(!ready.isEmpty, "a rollout always keeps a ready replica")
                return ready.contains { $0.revision == changed.revision }
            }
        }
        try await wait("the first revision has ended") {
            try await replicas(function).map(\.revision) == [changed.revision]
        }
        try await removeEverything(of: changed)
    }

    // MARK: Events

    /// Checks that events are stored and numbered.
    public func verifyEvents() throws {
        let before = platform.events.currentEvents(after: 0).last?.sequence ?? 0
        for message in ["first", "second"] {
            platform.events.record(Event(time: 0, function: "conformance", reason: "Checked", message: message))
        }
        let new = platform.events.currentEvents(after: before).filter { $0.function == "conformance" }
        try expect(new.map(\.message) == ["first", "second"], "events keep their order, not \(new)")
        try expect(Set(new.map(\.sequence)).count == 2, "every event has its own number")
    }

    // MARK: Queries

    private func draft(_ name: String) throws -> FunctionDraft {
        try FunctionDraft(
            name: FunctionName(name), namespace: namespace, route: Route("/" + name), target: target)
    }

    private func find(_ name: FunctionName) async throws -> Function? {
        try await platform.functions.withSnapshots { snapshots in
            for await snapshot in snapshots { return snapshot.functions.first { $0.name == name } }
            return nil
        }
    }

    private func replicas(_ function: Function) async throws -> [Replica] {
        try await platform.replicas.withReplicas { snapshots in
            for await snapshot in snapshots {
                return snapshot.replicas.filter { $0.function == function.id && $0.state != .gone }
            }
            return []
        }
    }

    private func ready(_ function: Function) async throws -> [Replica] {
        try await replicas(function).filter { $0.state == .ready }
    }

    private func removeEverything(of function: Function) async throws {
        try await platform.functions.delete(function.name, ifRevision: nil)
        try await platform.replicas.remove(function.id)
        try await wait("nothing is left of a removed function") { try await replicas(function).isEmpty }
        try await platform.replicas.remove(function.id)
    }

    private func wait(_ promise: String, until isKept: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + timeout
        while ContinuousClock.now < deadline {
            if try await isKept() { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        throw Failure(description: "\(platform.name): \(promise): not within \(timeout)")
    }

    private func expect(_ isKept: Bool, _ promise: String) throws {
        guard isKept else { throw Failure(description: "\(platform.name): \(promise)") }
    }

    private func expect(
        _ promise: String, _ expected: StoreError, _ body: () async throws -> Void
    ) async throws {
        do {
            try await body()
        } catch let error as StoreError where error == expected {
            return
        } catch {
            throw Failure(description: "\(platform.name): \(promise) with \(expected), not \(error)")
        }
        throw Failure(description: "\(platform.name): \(promise) with \(expected), not accepted")
    }
}
