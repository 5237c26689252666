import F2SModel
import TestSupport
import Testing

@testable import F2SLocal

/// Random events of several functions. What the book keeps by function equals what a count of the events says.
@Suite struct ReplicaBookTests {
    private struct World {
        /// How far a replica is, by the events that the book was given and the actions that it asked for.
        struct Life {
            let function: Function.ID
            var began = false
            var listens = false
            var isStopping = false
        }

        var random: SeededGenerator
        var book = ReplicaBook(policy: LifePolicy())
        var lives: [Replica.ID: Life] = [:]
        var now = Moment(steady: .seconds(1000), wall: 50_000)
        private let launches: [Launch]

        init(seed: UInt64) throws {
            random = SeededGenerator(seed: seed)
            launches = try (0..<4).map { number in
                let function = Function(
                    id: Function.ID("f\(number)"),
                    draft: try draft("f\(number)", Target(image: "i", command: ["serve"])),
                    generation: 1, storeRevision: StoreRevision("1"), age: 1,
                    origin: Function.Origin(place: "f\(number).yaml", isWritable: true))
                return Launch(function, stopTimeout: .seconds(5))
            }
        }

        mutating func step() {
            disturb()
            perform(book.advance(at: now, logTail: { _ in [] }))
        }

        private mutating func disturb() {
            let pause = Duration.milliseconds(Int.random(in: 0..<2000, using: &random))
            now = Moment(steady: now.steady + pause, wall: now.wall + pause.inSeconds)
            let launch = launches.randomElement(using: &random) ?? launches[0]
            let own = lives.filter { $0.value.function == launch.function }.keys.sorted()
            let id = own.randomElement(using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0, 1:
                let retiring = own.filter { _ in Int.random(in: 0..<4, using: &random) == 0 }
                let count = Int.random(in: 0..<4, using: &random)
                perform(book.apply(launch, count: count, retiring: retiring, at: now))
            case 2: perform(book.remove(launch.function, at: now))
            case 3:
                guard let id, lives[id]?.began == false else { return }
                lives[id]?.began = true
                perform(book.began(id, process: .init(command: 1, mark: 1, port: 2000)))
            case 4, 5:
                guard let id, let life = lives[id], life.began, !life.listens, !life.isStopping else { return }
                lives[id]?.listens = true
                let address = Replica.Address(ip: "127.0.0.1", port: 2000)
                perform(book.listens(id, on: address, processID: 1, at: now))
            case 6:
                guard let id else { return }
                lives[id] = nil
                let ending = ReplicaEnding.exited(status: 1, portWasTaken: false)
                perform(book.ended(id, ending, logTail: [], at: now))
            default: for launch in launches { perform(book.repaired(launch.function, at: now)) }
            }
        }

        private mutating func perform(_ actions: [ReplicaAction]) {
            for action in actions {
                switch action {
                case .start(let id, let launch): lives[id] = Life(function: launch.function)
                case .terminate(let id): lives[id]?.isStopping = true
                default: break
                }
            }
        }

        func ids(where isMeant: (Life) -> Bool) -> Set<Replica.ID> { Set(lives.filter { isMeant($0.value) }.keys) }
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func `what is kept by function equals what a look at everything finds`(seed: UInt64) throws {
        var world = try World(seed: seed)
        var started: Set<Replica.ID> = []
        for step in 0..<500 {
            world.step()
            started.formUnion(world.lives.keys)
            let (book, place) = (world.book, Comment("seed \(seed), step \(step)"))
            #expect(Set(book.snapshot.replicas.map(\.id)) == world.ids { _ in true }, place)
            let silent = world.ids { $0.began && !$0.listens && !$0.isStopping }
            #expect(Set(book.silentReplicas.map(\.id)) == silent && book.hasSilentReplicas == !silent.isEmpty, place)
            let listening = world.ids { $0.listens && !$0.isStopping }
            #expect(Set(book.listeningReplicas.map(\.id)) == listening, place)
            #expect(book.hasListeningReplicas == !listening.isEmpty && book.isEmpty == world.lives.isEmpty, place)
            // Whatever is due was done.
            #expect(book.nextDeadline.map { $0 > world.now.steady } ?? true, place)
            let draining = Set(book.snapshot.replicas.filter { $0.state == .draining }.map(\.id))
            #expect(draining == world.ids(where: \.isStopping), place)
        }
        #expect(started.count > 50, "seed \(seed)")
    }
}
