import F2SModel
import Testing

@testable import F2SKubernetes

@Suite struct WorkloadReconcilerTests {
    private let function: Function
    private let manifest: WorkloadManifest

    init() throws {
        function = try sampleFunction()
        manifest = WorkloadManifest(function: function, settings: sampleSettings())
    }

    private func make(_ desired: WorkloadReconciler.Desired, _ type: ResourceType, _ object: ObservedObject?)
        -> JSONValue
    {
        WorkloadManifest(function: desired.function, settings: sampleSettings())
            .object(type, replicas: desired.replicas(over: object), over: object)
    }

    private func observation(
        _ deployment: ObservedObject?, _ service: ObservedObject?, declared: Set<Function.ID>? = nil
    ) -> WorkloadReconciler.Observation {
        WorkloadReconciler.Observation(
            objects: WorkloadObjects([.deployments: Self.index(deployment), .services: Self.index(service)]),
            declared: declared ?? [function.id], replicas: ReplicaSnapshot())
    }

    private static func index(_ object: ObservedObject?) -> ObjectIndex {
        ObjectIndex(MirroredCollection(object.map { [$0.name: $0] } ?? [:]))
    }

    /// Returns the work that is due without a change.
    private func due(
        _ reconciler: inout WorkloadReconciler, _ there: WorkloadReconciler.Observation, at now: Duration
    ) -> [WorkloadReconciler.Work] {
        reconciler.due(there, at: now, making: make)
    }

    /// Returns the work that is due after a change of the function's objects.
    private func check(
        _ reconciler: inout WorkloadReconciler, _ there: WorkloadReconciler.Observation, at now: Duration,
        making: ((WorkloadReconciler.Desired, ResourceType, ObservedObject?) -> JSONValue)? = nil
    ) -> [WorkloadReconciler.Work] {
        reconciler.note(changed: [function.id])
        return reconciler.due(there, at: now, making: making ?? make)
    }

    private func repairs(_ work: [WorkloadReconciler.Work]) -> Int {
        work.count { if case .repair = $0 { true } else { false } }
    }

    private func sweeps(_ work: [WorkloadReconciler.Work]) -> [String] {
        work.compactMap { if case .sweep(let type, let object) = $0 { "\(type.kind) \(object.name)" } else { nil } }
    }

    @Test func `objects that match their manifests need no work, and later checks need no manifest`() throws {
        var reconciler = WorkloadReconciler()
        reconciler.setDesired(function, .fixed(2))
        let there = observation(
            try observed(manifest.deployment(replicas: 2, keeping: nil), uid: "d"),
            try observed(manifest.service(), uid: "s"))
        var made = 0
        for second in 0..<3 {
            let work = check(&reconciler, there, at: .seconds(100 + second)) { desired, type, object in
                made += 1
                return make(desired, type, object)
            }
            #expect(work.isEmpty)
        }
        #expect(made == 2, "after the first check no manifest is built for an unchanged object")
        #expect(reconciler.nextCheck == nil)
    }

    @Test func `a manual edit is repaired, and repeated edits are repaired with growing pauses`() throws {
        var reconciler = WorkloadReconciler()
        reconciler.setDesired(function, .fixed(2))
        let service = try observed(manifest.service(), uid: "s")
        let edited = observation(
            try observed(manifest.deployment(replicas: 7, keeping: nil), uid: "d"), service)
        var times: [Int] = []
        for second in 0..<100 where repairs(check(&reconciler, edited, at: .seconds(1000 + second))) == 1 {
            times.append(second)
        }
        // The repair stays due while it waits for the pause.
        let late = due(&reconciler, edited, at: .seconds(1000 + 126))
        #expect(repairs(late) == 1)
        #expect(times == [0, 2, 6, 14, 30, 62])
    }

    @Test(arguments: [1, 2, 5])
    func `a number that the cluster owns is no damage`(replicas: Int) throws {
        var reconciler = WorkloadReconciler()
        reconciler.setDesired(function, .byCluster)
        let there = observation(
            try observed(manifest.deployment(replicas: replicas, keeping: nil), uid: "d"),
            try observed(manifest.service(), uid: "s"))
        let look = check(&reconciler, there, at: .seconds(100))
        #expect(look.isEmpty)
    }

    @Test func `a Deployment with no replicas is repaired if the cluster owns the number`() throws {
        var reconciler = WorkloadReconciler()
        reconciler.setDesired(function, .byCluster)
        let service = try observed(manifest.service(), uid: "s")
        for deployment in [nil, try observed(manifest.deployment(replicas: 0, keeping: nil), uid: "d")] {
            let work = check(&reconciler, observation(deployment, service), at: .seconds(deployment == nil ? 0 : 100))
            guard case .repair(let desired)? = work.first else {
                Issue.record("\(work)")
                return
            }
            #expect(desired.replicas(over: deployment) == 1)
        }
    }

    @Test func `a missing object is created again, but not while the watch may be late`() throws {
        var reconciler = WorkloadReconciler()
        reconciler.setDesired(function, .fixed(1))
        reconciler.begin(function.id)
        let look1 = check(&reconciler, observation(nil, nil), at: .seconds(10))
        #expect(look1.isEmpty, "it is being created")
        reconciler.end(function.id, at: .seconds(11))
        let look2 = due(&reconciler, observation(nil, nil), at: .seconds(12))
        #expect(look2.isEmpty, "it was just created")
        #expect(reconciler.nextCheck == .seconds(13))
        let look3 = due(&reconciler, observation(nil, nil), at: .seconds(13))
        #expect(repairs(look3) == 1)
    }

    @Test func `the ServiceAccount of an identity is created, and removed with the function`() throws {
        var reconciler = WorkloadReconciler()
        let function = try sampleFunction("hello", Target(image: "i", hasIdentity: true))
        let manifest = WorkloadManifest(function: function, settings: sampleSettings())
        func observation(_ account: JSONValue?) throws -> WorkloadReconciler.Observation {
            let deployment = try observed(manifest.deployment(replicas: 2, keeping: nil), uid: "d")
            return WorkloadReconciler.Observation(
                objects: WorkloadObjects([
                    .deployments: Self.index(deployment),
                    .services: Self.index(try observed(manifest.service(), uid: "s")),
                    .serviceAccounts: Self.index(try account.map { try observed($0, uid: "a", generation: 0) }),
                ]), declared: [function.id], replicas: ReplicaSnapshot())
        }
        reconciler.setDesired(function, .fixed(2))
        let missing = check(&reconciler, try observation(nil), at: .seconds(100))
        #expect(repairs(missing) == 1)
        let there = check(&reconciler, try observation(manifest.serviceAccount()), at: .seconds(200))
        #expect(there.isEmpty)

        var other = WorkloadReconciler()
        let undeclared = WorkloadReconciler.Observation(
            objects: try observation(manifest.serviceAccount()).objects, declared: [], replicas: ReplicaSnapshot())
        let swept = check(&other, undeclared, at: .seconds(400))
        #expect(sweeps(swept).last == "ServiceAccount f2s-function-hello", "pods that drain still need it")
    }

    @Test func `the files of an earlier revision are kept while a replica may need them, and then deleted`() throws {
        var reconciler = WorkloadReconciler()
        func function(_ text: String) throws -> Function {
            let source = SourceCode(runtime: .python, files: ["handler.py": text])
            return try sampleFunction("hello", Target(source: source))
        }
        let (old, new) = (try function("old"), try function("new"))
        func objects(_ functions: [Function]) throws -> WorkloadObjects {
            let manifest = WorkloadManifest(function: new, settings: sampleSettings())
            let files = try functions.map { function in
                try observed(
                    WorkloadManifest(function: function, settings: sampleSettings()).configMap(),
                    uid: function.revision.text, generation: 0)
            }
            return WorkloadObjects([
                .deployments: Self.index(try observed(manifest.deployment(replicas: 2, keeping: nil), uid: "d")),
                .services: Self.index(try observed(manifest.service(), uid: "s")),
                .configMaps: ObjectIndex(
                    MirroredCollection(Dictionary(uniqueKeysWithValues: files.map { ($0.name, $0) }))),
            ])
        }
        func replicas(of function: Function) -> ReplicaSnapshot {
            ReplicaSnapshot(replicas: [
                Replica(
                    id: Replica.ID("r"), function: function.id, revision: function.revision, state: .ready, since: 0)
            ])
        }
        reconciler.setDesired(new, .fixed(2))
        let rolling = check(
            &reconciler,
            WorkloadReconciler.Observation(
                objects: try objects([old, new]), declared: [new.id], replicas: replicas(of: old)), at: .seconds(100))
        #expect(rolling.isEmpty)
        let done = due(
            &reconciler,
            WorkloadReconciler.Observation(
                objects: try objects([old, new]), declared: [new.id], replicas: replicas(of: new)), at: .seconds(101))
        guard case .discard(.configMaps, let object)? = done.first, done.count == 1 else {
            Issue.record("\(done)")
            return
        }
        #expect(object.uid == old.revision.text)
    }

    @Test func `the record of a Secret is kept as long as its function is declared`() throws {
        var reconciler = WorkloadReconciler()
        reconciler.setDesired(function, .fixed(2))
        let record = FunctionSecretManifest(
            name: try FunctionSecretName("keys", of: function.name), function: function,
            namespace: "f2s-containers", functionNamespace: "f2s"
        ).record
        func observation(declared: Set<Function.ID>) throws -> WorkloadReconciler.Observation {
            WorkloadReconciler.Observation(
                objects: WorkloadObjects([
                    .deployments: Self.index(try observed(manifest.deployment(replicas: 2, keeping: nil), uid: "d")),
                    .services: Self.index(try observed(manifest.service(), uid: "s")),
                    .configMaps: Self.index(try observed(record, uid: "c")),
                ]), declared: declared, replicas: ReplicaSnapshot())
        }
        #expect(check(&reconciler, try observation(declared: [function.id]), at: .seconds(100)).isEmpty)
        reconciler.forget(function.id)
        let swept = sweeps(check(&reconciler, try observation(declared: []), at: .seconds(200)))
        #expect(swept.last == "ConfigMap f2s-secret-hello.keys" && swept.count == 3)
    }

    @Test func `an object that the API server has changed on a write is not written again`() throws {
        var reconciler = WorkloadReconciler()
        let wanted = manifest.deployment(replicas: 2, keeping: nil)
        let changed = try observed(manifest.deployment(replicas: 1, keeping: nil), uid: "d", generation: 5)
        let look4 = reconciler.isReconciled(changed, wanted)
        #expect(!look4)
        reconciler.markReconciled(changed, wanted)
        let look5 = reconciler.isReconciled(changed, wanted)
        #expect(look5)
        let late = try observed(manifest.deployment(replicas: 9, keeping: nil), uid: "d", generation: 4)
        let look6 = reconciler.isReconciled(late, wanted)
        #expect(look6, "a state from before the write is ignored")
        let look7 = reconciler.isReconciled(changed, manifest.deployment(replicas: 3, keeping: nil))
        #expect(!look7, "another desired state does not match")
    }

    @Test func `a change of the status does not change the hash`() throws {
        let wanted = manifest.deployment(replicas: 2, keeping: nil)
        let one = try observed(wanted, status: ["readyReplicas": 1])
        let other = try observed(wanted, status: ["readyReplicas": 2])
        #expect(one.digest == other.digest)
    }

    @Test func `objects of deleted functions are swept once the declared functions are known`() throws {
        var reconciler = WorkloadReconciler()
        let there = observation(
            try observed(manifest.deployment(replicas: 2, keeping: nil), uid: "d"),
            try observed(manifest.service(), uid: "s"), declared: [])
        let unknown = WorkloadReconciler.Observation(
            objects: there.objects, declared: nil, replicas: ReplicaSnapshot())
        let look8 = check(&reconciler, unknown, at: .seconds(1))
        #expect(look8.isEmpty, "no function is known to be deleted")
        let look9 = check(&reconciler, there, at: .seconds(1))
        #expect(sweeps(look9) == ["Deployment hello", "Service hello"])
        let look10 = due(&reconciler, there, at: .seconds(2))
        #expect(look10.isEmpty && reconciler.nextCheck == .seconds(11))
        let look11 = due(&reconciler, there, at: .seconds(11))
        #expect(sweeps(look11).count == 2, "the deletion is repeated until it succeeds")
    }

    @Test func `a process that does not lead has no work`() throws {
        var reconciler = WorkloadReconciler()
        reconciler.setDesired(function, .fixed(2))
        reconciler.forgetDesired()
        let look12 = check(&reconciler, observation(nil, nil), at: .seconds(10))
        #expect(look12.isEmpty)
    }

    @Test func `a Deployment without its labels is recognized by its selector`() throws {
        var tree = manifest.deployment(replicas: 2, keeping: nil)
        tree["metadata"] = ["name": "hello", "uid": "d"]
        let object = try ObservedObject(tree)
        #expect(object.function == function.id && object.functionNamespace == nil)
        var reconciler = WorkloadReconciler()
        let wanted = manifest.deployment(replicas: 2, keeping: nil)
        let look13 = reconciler.isReconciled(object, wanted)
        #expect(!look13, "its labels are repaired")
    }

    @Test func `a change of one function's objects does not check those of other functions`() throws {
        var reconciler = WorkloadReconciler()
        var (deployments, services): ([String: ObservedObject], [String: ObservedObject]) = ([:], [:])
        var made = 0
        func manifest(of function: Function) -> WorkloadManifest {
            WorkloadManifest(function: function, settings: sampleSettings())
        }
        func make(_ desired: WorkloadReconciler.Desired, _ type: ResourceType, _ object: ObservedObject?) -> JSONValue {
            made += 1
            return manifest(of: desired.function).object(type, replicas: desired.replicas(over: object), over: object)
        }
        let functions = try (0..<200).map { try sampleFunction("f\($0)", uid: "uid-\($0)") }
        for function in functions {
            let (name, wanted) = (function.name, manifest(of: function))
            deployments[name.text] = try observed(wanted.deployment(replicas: 0, keeping: nil), uid: "d\(name)")
            services[WorkloadManifest.serviceName(of: name)] = try observed(wanted.service(), uid: "s\(name)")
            reconciler.setDesired(function, .fixed(0))
        }
        func observation() -> WorkloadReconciler.Observation {
            WorkloadReconciler.Observation(
                objects: WorkloadObjects([
                    .deployments: ObjectIndex(MirroredCollection(deployments)),
                    .services: ObjectIndex(MirroredCollection(services)),
                ]),
                declared: Set(functions.map(\.id)), replicas: ReplicaSnapshot())
        }
        let first = reconciler.due(observation(), at: .seconds(10), making: make)
        #expect(first.isEmpty && made == 400)
        made = 0
        for function in functions {
            deployments[function.name.text] = try observed(
                manifest(of: function).deployment(replicas: 7, keeping: nil), uid: "d\(function.name)")
        }
        reconciler.note(changed: [functions[7].id])
        let second = reconciler.due(observation(), at: .seconds(11), making: make)
        #expect(repairs(second) == 1 && made == 1)
    }
}
