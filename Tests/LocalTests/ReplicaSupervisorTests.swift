import F2SModel
import F2SSystem
import Testing

@testable import F2SLocal

/// Tests with random events of several functions. The state that the supervisor keeps by function must equal the state
/// that follows from the events.
@Suite struct ReplicaSupervisorTests {
    private struct World {
        /// The state of a replica that follows from the supervisor's events and actions.
        struct Life {
            let function: Function.ID
            var began = false
            var listens = false
            var isStopping = false
        }

        var random: SplitMix64
        var supervisor = ReplicaSupervisor(policy: RestartPolicy())
        var lives: [Replica.ID: Life] = [:]
        var now = Moment(steady: .seconds(1000), wall: 50_000)
        private let launches: [LaunchSpec]

        init(seed: UInt64) throws {
            random = SplitMix64(seed: seed)
            launches = try (0..<4).map { number in
                let function = Function(
                    id: Function.ID("f\(number)"),
                    draft: try draft("f\(number)", Target(image: "i", command: ["serve"])),
                    generation: 1, storeRevision: StoreRevision("1"), age: 1,
                    origin: Function.Origin(location: "f\(number).yaml", isWritable: true))
                return LaunchSpec(function, stopTimeout: .seconds(5))
            }
        }

        mutating func step() {
            disturb()
            perform(supervisor.advance(at: now, logTail: { _ in [] }))
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
                perform(supervisor.apply(launch, count: count, retiring: retiring, at: now))
            case 2: perform(supervisor.remove(launch.function, at: now))
            case 3:
                guard let id, lives[id]?.began == false else { return }
                lives[id]?.began = true
                perform(supervisor.began(id, process: .init(command: 1, mark: 1, port: 2000)))
            case 4, 5:
                guard let id, let life = lives[id], life.began, !life.listens, !life.isStopping else { return }
                lives[id]?.listens = true
                let address = Replica.Address(ip: "127.0.0.1", port: 2000)
                perform(supervisor.listens(id, on: address, processID: 1, at: now))
            case 6:
                guard let id else { return }
                lives[id] = nil
                let ending = ReplicaEnding.exited(status: 1, portWasTaken: false)
                perform(supervisor.ended(id, ending, logTail: [], at: now))
            default: for launch in launches { perform(supervisor.repaired(launch.function, at: now)) }
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
    func `the state kept by function equals the state that follows from all events`(seed: UInt64) throws {
        var world = try World(seed: seed)
        var started: Set<Replica.ID> = []
        for step in 0..<500 {
            world.step()
            started.formUnion(world.lives.keys)
            let (supervisor, location) = (world.supervisor, Comment("seed \(seed), step \(step)"))
            #expect(Set(supervisor.snapshot.replicas.map(\.id)) == world.ids { _ in true }, location)
            let silent = world.ids { $0.began && !$0.listens && !$0.isStopping }
            #expect(
                Set(supervisor.silentReplicas.map(\.id)) == silent && supervisor.hasSilentReplicas == !silent.isEmpty,
                location)
            let listening = world.ids { $0.listens && !$0.isStopping }
            #expect(Set(supervisor.listeningReplicas.map(\.id)) == listening, location)
            #expect(
                supervisor.hasListeningReplicas == !listening.isEmpty && supervisor.isEmpty == world.lives.isEmpty,
                location)
            // All actions that are due were performed.
            #expect(supervisor.nextDeadline.map { $0 > world.now.steady } ?? true, location)
            let draining = Set(supervisor.snapshot.replicas.filter { $0.state == .draining }.map(\.id))
            #expect(draining == world.ids(where: \.isStopping), location)
        }
        #expect(started.count > 50, "seed \(seed)")
    }
}
