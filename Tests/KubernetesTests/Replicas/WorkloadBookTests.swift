import F2SModel
import Testing

@testable import F2SKubernetes

@Suite struct WorkloadBookTests {
    private let function: Function
    private let manifest: WorkloadManifest

    init() throws {
        function = try sampleFunction()
        manifest = WorkloadManifest(function: function, settings: sampleSettings())
    }

    private func make(_ wish: WorkloadBook.Wish, _ type: ResourceType, _ object: ObservedObject?) -> JSONValue {
        type == .services
            ? manifest.service(uid: object?.uid)
            : manifest.deployment(replicas: wish.count, keeping: object?.kept, uid: object?.uid)
    }

    private func observation(
        _ deployment: ObservedObject?, _ service: ObservedObject?, declared: Set<Function.ID>? = nil
    ) -> WorkloadBook.Observation {
        WorkloadBook.Observation(
            deployments: Self.index(deployment), services: Self.index(service),
            declared: declared ?? [function.id])
    }

    private static func index(_ object: ObservedObject?) -> ObjectIndex {
        ObjectIndex(Reflection(object.map { [$0.name: $0] } ?? [:]))
    }

    /// The work that is due although nothing has changed.
    private func due(
        _ book: inout WorkloadBook, _ there: WorkloadBook.Observation, at now: Duration
    ) -> [WorkloadBook.Work] {
        book.due(there, at: now, making: make)
    }

    /// The work that is due after a change of the function's objects.
    private func look(
        _ book: inout WorkloadBook, _ there: WorkloadBook.Observation, at now: Duration,
        making: ((WorkloadBook.Wish, ResourceType, ObservedObject?) -> JSONValue)? = nil
    ) -> [WorkloadBook.Work] {
        book.note(changed: [function.id])
        return book.due(there, at: now, making: making ?? make)
    }

    private func repairs(_ work: [WorkloadBook.Work]) -> Int {
        work.count { if case .repair = $0 { true } else { false } }
    }

    private func sweeps(_ work: [WorkloadBook.Work]) -> [String] {
        work.compactMap { if case .sweep(let type, let object) = $0 { "\(type.kind) \(object.name)" } else { nil } }
    }

    @Test func `what says what is wanted needs nothing, however often it is looked at`() throws {
        var book = WorkloadBook()
        book.wish(function, count: 2)
        let there = observation(
            try observed(manifest.deployment(replicas: 2, keeping: nil), uid: "d"),
            try observed(manifest.service(), uid: "s"))
        var made = 0
        for second in 0..<3 {
            let work = look(&book, there, at: .seconds(100 + second)) { wish, type, object in
                made += 1
                return make(wish, type, object)
            }
            #expect(work.isEmpty)
        }
        #expect(made == 2, "after the first look nothing is worked out for an object that stays as it is")
        #expect(book.nextLook == nil)
    }

    @Test func `a hand edit is repaired, and one that comes again and again ever more slowly`() throws {
        var book = WorkloadBook()
        book.wish(function, count: 2)
        let service = try observed(manifest.service(), uid: "s")
        let edited = observation(
            try observed(manifest.deployment(replicas: 7, keeping: nil), uid: "d"), service)
        var times: [Int] = []
        for second in 0..<100 where repairs(look(&book, edited, at: .seconds(1000 + second))) == 1 {
            times.append(second)
        }
        // It is remembered while it must wait.
        let late = due(&book, edited, at: .seconds(1000 + 126))
        #expect(repairs(late) == 1)
        #expect(times == [0, 2, 6, 14, 30, 62])
    }

    @Test func `what is missing is made again, but not while the watch may only be late`() throws {
        var book = WorkloadBook()
        book.wish(function, count: 1)
        book.begin(function.id)
        let look1 = look(&book, observation(nil, nil), at: .seconds(10))
        #expect(look1.isEmpty, "it is being made")
        book.end(function.id, at: .seconds(11))
        let look2 = due(&book, observation(nil, nil), at: .seconds(12))
        #expect(look2.isEmpty, "it was just made")
        #expect(book.nextLook == .seconds(13))
        let look3 = due(&book, observation(nil, nil), at: .seconds(13))
        #expect(repairs(look3) == 1)
    }

    @Test func `what the API server has made of a manifest is not written again`() throws {
        var book = WorkloadBook()
        let wanted = manifest.deployment(replicas: 2, keeping: nil)
        let changed = try observed(manifest.deployment(replicas: 1, keeping: nil), uid: "d", generation: 5)
        let look4 = book.isSettled(changed, wanted)
        #expect(!look4)
        book.settle(changed, wanted)
        let look5 = book.isSettled(changed, wanted)
        #expect(look5)
        let late = try observed(manifest.deployment(replicas: 9, keeping: nil), uid: "d", generation: 4)
        let look6 = book.isSettled(late, wanted)
        #expect(look6, "a state from before the write says nothing")
        let look7 = book.isSettled(changed, manifest.deployment(replicas: 3, keeping: nil))
        #expect(!look7, "another wish is another")
    }

    @Test func `a status that changes is no change`() throws {
        let wanted = manifest.deployment(replicas: 2, keeping: nil)
        let one = try observed(wanted, status: ["readyReplicas": 1])
        let other = try observed(wanted, status: ["readyReplicas": 2])
        #expect(one.digest == other.digest)
    }

    @Test func `objects of functions that are gone are swept, once the functions are known`() throws {
        var book = WorkloadBook()
        let there = observation(
            try observed(manifest.deployment(replicas: 2, keeping: nil), uid: "d"),
            try observed(manifest.service(), uid: "s"), declared: [])
        let unknown = WorkloadBook.Observation(
            deployments: there.deployments, services: there.services, declared: nil)
        let look8 = look(&book, unknown, at: .seconds(1))
        #expect(look8.isEmpty, "nothing is known to be deleted")
        let look9 = look(&book, there, at: .seconds(1))
        #expect(sweeps(look9) == ["Deployment hello", "Service hello"])
        let look10 = due(&book, there, at: .seconds(2))
        #expect(look10.isEmpty && book.nextLook == .seconds(11))
        let look11 = due(&book, there, at: .seconds(11))
        #expect(sweeps(look11).count == 2, "it is remembered until it is done")
    }

    @Test func `who does not lead wants nothing`() throws {
        var book = WorkloadBook()
        book.wish(function, count: 2)
        book.forgetWishes()
        let look12 = look(&book, observation(nil, nil), at: .seconds(10))
        #expect(look12.isEmpty)
    }

    @Test func `a Deployment without its label is known by its selector`() throws {
        var tree = manifest.deployment(replicas: 2, keeping: nil)
        tree["metadata"] = ["name": "hello", "uid": "d"]
        let object = try ObservedObject(tree)
        #expect(object.function == function.id && object.functionNamespace == nil)
        var book = WorkloadBook()
        let wanted = manifest.deployment(replicas: 2, keeping: nil)
        let look13 = book.isSettled(object, wanted)
        #expect(!look13, "its labels are repaired")
    }

    @Test func `a change of one function's objects costs no look at those of others`() throws {
        var book = WorkloadBook()
        var (deployments, services): ([String: ObservedObject], [String: ObservedObject]) = ([:], [:])
        var made = 0
        func manifest(of function: Function) -> WorkloadManifest {
            WorkloadManifest(function: function, settings: sampleSettings())
        }
        func make(_ wish: WorkloadBook.Wish, _ type: ResourceType, _ object: ObservedObject?) -> JSONValue {
            made += 1
            let manifest = manifest(of: wish.function)
            return type == .services
                ? manifest.service(uid: object?.uid)
                : manifest.deployment(replicas: wish.count, keeping: object?.kept, uid: object?.uid)
        }
        let functions = try (0..<200).map { try sampleFunction("f\($0)", uid: "uid-\($0)") }
        for function in functions {
            let (name, wanted) = (function.name, manifest(of: function))
            deployments[name.text] = try observed(wanted.deployment(replicas: 0, keeping: nil), uid: "d\(name)")
            services[WorkloadManifest.serviceName(of: name)] = try observed(wanted.service(), uid: "s\(name)")
            book.wish(function, count: 0)
        }
        func observation() -> WorkloadBook.Observation {
            WorkloadBook.Observation(
                deployments: ObjectIndex(Reflection(deployments)), services: ObjectIndex(Reflection(services)),
                declared: Set(functions.map(\.id)))
        }
        let first = book.due(observation(), at: .seconds(10), making: make)
        #expect(first.isEmpty && made == 400)
        made = 0
        for function in functions {
            deployments[function.name.text] = try observed(
                manifest(of: function).deployment(replicas: 7, keeping: nil), uid: "d\(function.name)")
        }
        book.note(changed: [functions[7].id])
        let second = book.due(observation(), at: .seconds(11), making: make)
        #expect(repairs(second) == 1 && made == 1)
    }
}
