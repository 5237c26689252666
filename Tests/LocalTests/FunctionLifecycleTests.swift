import F2SModel
import F2SSystem
import Testing

@testable import F2SLocal

/// Tests of the lifecycle with events only, without a process and a clock.
@Suite struct FunctionLifecycleTests {
    /// A lifecycle whose clock the test drives.
    private struct Rig {
        var life: FunctionLifecycle
        var time = Moment(steady: .seconds(1000), wall: 50_000)

        init(startTimeout: Duration = .seconds(30)) {
            var policy = RestartPolicy()
            policy.startTimeout = startTimeout
            life = FunctionLifecycle(policy: policy, firstNumber: 1)
        }

        mutating func pass(_ duration: Duration) {
            time.steady += duration
            time.wall += duration.inSeconds
        }

        mutating func apply(_ launch: LaunchSpec, _ count: Int, retiring: [String] = []) -> [ReplicaAction] {
            life.apply(launch, count: count, retiring: retiring.map { Replica.ID($0) }, at: time)
        }

        mutating func listens(_ id: String) -> [ReplicaAction] {
            life.listens(
                Replica.ID(id), on: Replica.Address(ip: "127.0.0.1", port: 20_000), processID: 1, at: time)
        }

        mutating func ends(_ id: String, status: Int = 1, portWasTaken: Bool = false) -> [ReplicaAction] {
            life.ended(
                Replica.ID(id), .exited(status: status, portWasTaken: portWasTaken), logTail: ["last"], at: time)
        }

        mutating func advance() -> [ReplicaAction] { life.advance(at: time) { _ in ["tail"] } }

        var wait: Double? { life.startFailure.map { $0.nextAttempt - time.wall } }
    }

    private func launch(
        _ command: [String]? = ["serve"], probe: String? = nil, timeout: Duration? = nil, startTimeout: Duration? = nil
    ) throws -> LaunchSpec {
        var target = Target(image: "image", command: command, timeout: timeout)
        target.readinessProbe = probe.map { ReadinessProbe(path: $0) }
        target.startTimeout = startTimeout
        let draft = try draft("hello", target)
        let function = Function(
            id: Function.ID("hello"), draft: draft, generation: 1, storeRevision: StoreRevision("1"), age: 1,
            origin: Function.Origin(location: "hello.yaml", isWritable: true))
        return LaunchSpec(function, stopTimeout: .seconds(20))
    }

    private func starts(_ actions: [ReplicaAction]) -> [String] {
        actions.compactMap { if case .start(let id, _) = $0 { id.text } else { nil } }
    }

    @Test func `a replica that listens on another port is reported after three seconds, and runs on`() throws {
        var rig = Rig(startTimeout: .seconds(40))
        _ = rig.apply(try launch(), 1)
        let id = Replica.ID("hello-1")
        rig.life.began(id, process: ReplicaLifecycle.Process(command: 1, mark: 1, port: 20_000))
        rig.pass(.seconds(2))
        rig.life.listensElsewhere(id, on: [8000])
        #expect(rig.life.nextDeadline == .seconds(1003) && rig.life.startFailure == nil)
        rig.pass(.seconds(1))
        #expect(rig.advance() == [])
        let startFailure = try #require(rig.life.startFailure)
        #expect(
            startFailure.reason == "NeverListened" && startFailure.message.contains("It listens on port 8000 instead"))
        #expect(rig.life.nextDeadline == .seconds(1040), "it is ended when its time is over")
        _ = rig.listens("hello-1")
        #expect(rig.life.startFailure == nil, "it opened its own port after all")
    }

    @Test func `a declared start time replaces the setting, longer or shorter, and no failure is reported before`()
        throws
    {
        for seconds in [2.0, 300] {
            var rig = Rig()
            _ = try rig.apply(launch(startTimeout: .seconds(seconds)), 1)
            rig.life.listensElsewhere(Replica.ID("hello-1"), on: [5000])
            rig.pass(.seconds(seconds) - .milliseconds(1))
            #expect(rig.advance() == [] && rig.life.startFailure == nil)
            rig.pass(.milliseconds(1))
            #expect(rig.advance() == [.terminate(Replica.ID("hello-1"))])
            #expect(rig.life.startFailure?.reason == "NeverListened")
            #expect(rig.life.startFailure?.message.contains("5000") == true)
        }
    }

    @Test func `the failure of a slow start names the fields for the times of the start and the probe`() throws {
        var rig = Rig()
        _ = try rig.apply(launch(probe: "/up"), 1)
        _ = rig.listens("hello-1")
        rig.pass(.seconds(30))
        _ = rig.advance()
        let message = try #require(rig.life.startFailure?.message)
        #expect(message.contains("target.startTimeout") && message.contains("target.readinessProbe.timeout"))
    }

    @Test func `a replica with a readiness probe may listen on another port first`() throws {
        var rig = Rig(startTimeout: .seconds(40))
        _ = rig.apply(try launch(probe: "/up"), 1)
        rig.life.listensElsewhere(Replica.ID("hello-1"), on: [8000])
        #expect(rig.life.nextDeadline == .seconds(1040))
    }

    @Test func `a repair ends the wait for the next attempt`() throws {
        var rig = Rig()
        let folder = Function.Origin(location: "a", workingFolder: "/functions", isWritable: true)
        let function = Function(
            id: Function.ID("hello"), draft: try draft("hello"), generation: 1, storeRevision: StoreRevision("1"),
            age: 1, origin: folder)
        _ = rig.apply(LaunchSpec(function, stopTimeout: .seconds(1)), 1)
        #expect(rig.life.repairFolder == nil, "nothing is wrong yet")
        for number in 1...5 {
            _ = rig.ends("hello-\(number)")
            rig.pass(.seconds(rig.wait ?? 0))
            _ = rig.advance()
        }
        _ = rig.ends("hello-6")
        #expect(rig.wait == 32 && rig.life.repairFolder == "/functions")
        #expect(starts(rig.life.repaired(at: rig.time)) == ["hello-7"])
        #expect(rig.life.repaired(at: rig.time) == [], "once")
    }

    @Test func `an edited manifest ends the wait and clears the error, even if its revision is the same`() throws {
        var rig = Rig()
        func launch(_ generation: Int) throws -> LaunchSpec {
            let function = Function(
                id: Function.ID("hello"), draft: try draft("hello"), generation: generation,
                storeRevision: StoreRevision("\(generation)"), age: 1,
                origin: Function.Origin(location: "a", isWritable: true))
            return LaunchSpec(function, stopTimeout: .seconds(1))
        }
        _ = rig.apply(try launch(1), 1)
        _ = rig.ends("hello-1")
        #expect(rig.apply(try launch(1), 1) == [] && rig.life.startFailure != nil, "a repetition is no edit")
        #expect(starts(rig.apply(try launch(2), 1)) == ["hello-2"])
        #expect(rig.life.startFailure == nil)
    }

    @Test func `a lack of descriptors is reported, and each retry follows after a second`() throws {
        var rig = Rig()
        _ = rig.apply(try launch(), 1)
        for number in 1...8 {
            _ = rig.life.ended(
                Replica.ID("hello-\(number)"), .notStarted(.outOfDescriptors), logTail: [], at: rig.time)
            let startFailure = try #require(rig.life.startFailure)
            #expect(startFailure.reason == "OutOfDescriptors" && startFailure.message.contains("file descriptors"))
            #expect(rig.wait == 1)
            rig.pass(.seconds(1))
            #expect(starts(rig.advance()) == ["hello-\(number + 1)"])
        }
    }

    @Test func `a crash is reported with the exit status and the last lines`() throws {
        var rig = Rig()
        _ = rig.apply(try launch(), 1)
        _ = rig.listens("hello-1")
        let reports = rig.ends("hello-1", status: 3).compactMap {
            if case .report(_, _, _, let message) = $0 { message } else { nil }
        }
        #expect(reports.count == 1)
        #expect(reports.first?.contains("exit status 3") == true && reports.first?.contains("last") == true)
    }

    @Test func `a desired count starts the missing replicas once`() throws {
        var rig = Rig()
        #expect(try starts(rig.apply(launch(), 2)) == ["hello-1", "hello-2"])
        #expect(try rig.apply(launch(), 2) == [])
        #expect(try starts(rig.apply(launch(), 3)) == ["hello-3"])
        // None ends at a lower count, because only the caller knows which replica has nothing in flight.
        #expect(try rig.apply(launch(), 1) == [])
    }

    @Test func `a replica without a probe is ready when it listens`() throws {
        var rig = Rig()
        _ = try rig.apply(launch(), 1)
        #expect(rig.listens("hello-1") == [])
        #expect(rig.life.replicas.map(\.replica.state) == [.ready])
        #expect(rig.life.replicas.first?.replica.address?.port == 20_000)
    }

    @Test func `a replica with a probe is starting, with its address, until the probe succeeds`() throws {
        var rig = Rig()
        _ = try rig.apply(launch(probe: "/up"), 1)
        let address = Replica.Address(ip: "127.0.0.1", port: 20_000)
        #expect(rig.listens("hello-1") == [.probe(Replica.ID("hello-1"), address, ReadinessProbe(path: "/up"))])
        let waiting = try #require(rig.life.replicas.first?.replica)
        #expect(waiting.state == .starting && waiting.address == address && waiting.awaitsReadiness)
        rig.life.answers(Replica.ID("hello-1"), at: rig.time)
        #expect(rig.life.replicas.first?.replica.state == .ready)
    }

    @Test(arguments: [(127, "MissingProgram"), (126, "NotExecutable"), (1, "ExitedAtStart"), (0, "ExitedAtStart")])
    func `an exit before listening is a start failure with a reason`(status: Int, reason: String) throws {
        var rig = Rig()
        _ = try rig.apply(launch(), 1)
        #expect(starts(rig.ends("hello-1", status: status)) == [])
        let startFailure = try #require(rig.life.startFailure)
        #expect(startFailure.reason == reason && startFailure.stage == .start && !startFailure.isTimeout)
        #expect(startFailure.exitStatus == status && startFailure.logTail == ["last"] && startFailure.attempts == 1)
        #expect(startFailure.retryAfterSeconds == 1 && rig.wait == 1)
    }

    @Test func `after failures in a row the waits are 1, 2, 4 … 60 seconds`() throws {
        var rig = Rig()
        var ids = try starts(rig.apply(launch(), 1))
        var waits: [Double] = []
        for _ in 0..<8 {
            #expect(try starts(rig.ends(#require(ids.first))) == [])
            let wait = try #require(rig.wait)
            waits.append(wait)
            rig.pass(.milliseconds(Int(wait * 1000) - 1))
            #expect(starts(rig.advance()) == [], "not before its time")
            rig.pass(.milliseconds(1))
            ids = starts(rig.advance())
            #expect(ids.count == 1, "at its time")
        }
        #expect(waits == [1, 2, 4, 8, 16, 32, 60, 60])
        #expect(rig.life.startFailure?.attempts == 8)
    }

    @Test func `the next deadline is the end of the wait`() throws {
        var rig = Rig()
        _ = try rig.apply(launch(), 1)
        #expect(rig.life.nextDeadline == rig.time.steady + .seconds(30))
        _ = rig.ends("hello-1")
        #expect(rig.life.nextDeadline == rig.time.steady + .seconds(1))
        _ = try rig.apply(launch(), 0)
        #expect(rig.life.nextDeadline == nil, "nothing starts when no replica is desired")
        #expect(rig.life.startFailure != nil, "the failure is still known")
    }

    @Test func `a desired count during the wait starts nothing, but a new revision starts at once`() throws {
        var rig = Rig()
        _ = try rig.apply(launch(), 1)
        _ = rig.ends("hello-1")
        _ = try rig.apply(launch(), 0)
        rig.pass(.milliseconds(500))
        #expect(try starts(rig.apply(launch(), 1)) == [])
        #expect(try starts(rig.apply(launch(["other"]), 1)) == ["hello-2"])
        #expect(rig.life.startFailure == nil)
        _ = rig.ends("hello-2")
        #expect(rig.wait == 2, "the failures are still in a row")
    }

    @Test func `the start failure is cleared when a replica is ready`() throws {
        var rig = Rig()
        _ = try rig.apply(launch(), 1)
        _ = rig.ends("hello-1")
        rig.pass(.seconds(1))
        _ = rig.advance()
        #expect(rig.life.startFailure != nil)
        _ = rig.listens("hello-2")
        #expect(rig.life.startFailure == nil)
    }

    @Test func `a crashed replica is replaced at once, then with growing waits until one stays up`() throws {
        var rig = Rig()
        _ = try rig.apply(launch(), 1)
        _ = rig.listens("hello-1")
        #expect(starts(rig.ends("hello-1", status: 139)) == ["hello-2"])
        #expect(rig.life.startFailure == nil)
        for (number, wait) in [(2, 1.0), (3, 2.0), (4, 4.0)] {
            _ = rig.listens("hello-\(number)")
            rig.pass(.seconds(9))
            #expect(starts(rig.ends("hello-\(number)")) == [])
            #expect(rig.life.startFailure?.reason == "Crashed" && rig.wait == wait)
            rig.pass(.seconds(wait))
            #expect(starts(rig.advance()) == ["hello-\(number + 1)"])
        }
        _ = rig.listens("hello-5")
        rig.pass(.seconds(10))
        #expect(starts(rig.ends("hello-5")) == ["hello-6"])
    }

    /// The history of a function before its next replica crashes right after it was ready.
    enum Past: String, CaseIterable {
        case failedToStart, brokenRevision, crashingRevision, lastedAfterCrash
        case crashed, crashedThenFailedToStart
    }

    @Test(arguments: [
        (Past.failedToStart, true), (.brokenRevision, true), (.crashingRevision, true), (.lastedAfterCrash, true),
        (.crashed, false), (.crashedThenFailedToStart, false),
    ])
    func `a crash is the first unless this revision has crashed before`(past: Past, isFirst: Bool) throws {
        var rig = Rig()
        var ids = try starts(rig.apply(launch(), 1))
        switch past {
        case .failedToStart:
            _ = try rig.ends(#require(ids.first))
        case .brokenRevision:
            _ = try rig.ends(#require(ids.first))
            ids = try starts(rig.apply(launch(["corrected"]), 1))
        case .crashingRevision:
            _ = try rig.listens(#require(ids.first))
            _ = try rig.ends(#require(ids.first))
            ids = try starts(rig.apply(launch(["corrected"]), 1))
        case .lastedAfterCrash:
            _ = try rig.listens(#require(ids.first))
            ids = try starts(rig.ends(#require(ids.first)))
            let sound = try #require(ids.first)
            rig.pass(.seconds(1))
            _ = rig.listens(sound)
            rig.pass(.seconds(3600))
            // The function is idle: no replica runs until the next invocation.
            _ = try rig.apply(launch(), 0, retiring: [sound])
            _ = rig.ends(sound)
            ids = try starts(rig.apply(launch(), 1))
        case .crashed:
            _ = try rig.listens(#require(ids.first))
            ids = try starts(rig.ends(#require(ids.first)))
        case .crashedThenFailedToStart:
            _ = try rig.listens(#require(ids.first))
            ids = try starts(rig.ends(#require(ids.first)))
            _ = try rig.ends(#require(ids.first))
        }
        rig.pass(.seconds(5))
        ids += starts(rig.advance())
        let last = try #require(ids.last)
        _ = rig.listens(last)
        rig.pass(.seconds(1))
        #expect(starts(rig.ends(last)).isEmpty == !isFirst)
        #expect((rig.life.startFailure == nil) == isFirst)
    }

    @Test func `a first crash is replaced at once, though another replica has just failed to start`() throws {
        var rig = Rig()
        _ = try rig.apply(launch(), 2)
        _ = rig.ends("hello-2")
        _ = rig.listens("hello-1")
        #expect(starts(rig.ends("hello-1")) == ["hello-3", "hello-4"])
    }

    @Test func `a replica that stays up beside a crashing one clears the failures`() throws {
        var rig = Rig()
        _ = try rig.apply(launch(), 2)
        _ = rig.listens("hello-1")
        _ = rig.ends("hello-1")
        rig.pass(.seconds(1))
        _ = rig.listens("hello-2")
        _ = rig.listens("hello-3")
        rig.pass(.seconds(11))
        #expect(starts(rig.ends("hello-3")) == ["hello-4"])
    }

    @Test func `a crash is reported as a warning`() throws {
        var rig = Rig()
        _ = try rig.apply(launch(), 1)
        _ = rig.listens("hello-1")
        let isTold = rig.ends("hello-1", status: 137).contains {
            if case .report(_, true, "ReplicaCrashed", let message) = $0 { message.contains("137") } else { false }
        }
        #expect(isTold)
    }

    @Test func `a start whose port was taken is repeated on another port, but not for ever`() throws {
        var rig = Rig()
        var ids = try starts(rig.apply(launch(), 1))
        for _ in 0..<3 { ids = try starts(rig.ends(#require(ids.first), portWasTaken: true)) }
        #expect(ids == ["hello-4"] && rig.life.startFailure == nil)
        #expect(starts(rig.ends("hello-4", portWasTaken: true)) == [])
        #expect(rig.life.startFailure?.reason == "ExitedAtStart")
    }

    @Test func `a replica that never listens is stopped, and the failure names its other port`() throws {
        var rig = Rig(startTimeout: .seconds(5))
        _ = try rig.apply(launch(), 1)
        rig.life.began(Replica.ID("hello-1"), process: ReplicaLifecycle.Process(command: 7, mark: 7, port: 20_123))
        rig.life.listensElsewhere(Replica.ID("hello-1"), on: [8080])
        rig.pass(.seconds(5))
        #expect(rig.advance() == [.terminate(Replica.ID("hello-1"))])
        let startFailure = try #require(rig.life.startFailure)
        #expect(startFailure.reason == "NeverListened" && startFailure.isTimeout && startFailure.logTail == ["tail"])
        #expect(startFailure.message.contains("$PORT (20123)") && startFailure.message.contains("port 8080"))
        #expect(startFailure.exitStatus == nil)
        rig.pass(.milliseconds(100))
        _ = rig.ends("hello-1", status: 143)
        #expect(rig.life.startFailure == startFailure, "F2S ended it, which is no second failure")
    }

    @Test func `a replica whose probe never succeeds is stopped`() throws {
        var rig = Rig(startTimeout: .seconds(5))
        _ = try rig.apply(launch(probe: "/up"), 1)
        _ = rig.listens("hello-1")
        rig.pass(.seconds(5))
        _ = rig.advance()
        #expect(rig.life.startFailure?.reason == "NeverReady" && rig.life.startFailure?.isTimeout == true)
    }

    @Test func `an image without a command is a failure without a start`() throws {
        var rig = Rig()
        #expect(try rig.apply(launch(nil), 1) == [])
        #expect(rig.life.startFailure?.reason == "NoCommand" && rig.life.replicas.isEmpty)
        #expect(try starts(rig.apply(launch(["now"]), 1)) == ["hello-1"])
    }

    @Test func `only the retired replicas end, by SIGTERM, then SIGKILL, and then without a further wait`() throws {
        var rig = Rig()
        _ = try rig.apply(launch(timeout: .seconds(3)), 2)
        _ = rig.listens("hello-1")
        _ = rig.listens("hello-2")
        let first = Replica.ID("hello-1")
        #expect(try rig.apply(launch(timeout: .seconds(3)), 1, retiring: ["hello-1"]) == [.terminate(first)])
        #expect(try rig.apply(launch(timeout: .seconds(3)), 1, retiring: ["hello-1"]) == [], "once")
        #expect(rig.life.replicas.map(\.replica.state) == [.draining, .ready])
        rig.pass(.seconds(3))
        #expect(rig.advance() == [.kill(first)])
        rig.pass(.seconds(5))
        #expect(rig.advance() == [.abandon(first)])
        rig.pass(.seconds(1000))
        #expect(rig.advance() == [], "it stays until it really ended")
        #expect(rig.ends("hello-1", status: 137) == [.endLog(first, Function.ID("hello"))])
        #expect(rig.life.replicas.map(\.id.text) == ["hello-2"])
    }

    @Test func `a stop takes no longer than the platform's limit`() throws {
        var rig = Rig()
        _ = try rig.apply(launch(timeout: .seconds(600)), 1)
        _ = try rig.apply(launch(timeout: .seconds(600)), 0, retiring: ["hello-1"])
        rig.pass(.seconds(20))
        #expect(rig.advance() == [.kill(Replica.ID("hello-1"))])
    }

    @Test func `a new revision starts beside the old one, whose end is then no failure`() throws {
        var rig = Rig()
        _ = try rig.apply(launch(), 1)
        _ = rig.listens("hello-1")
        #expect(try starts(rig.apply(launch(["new"]), 1)) == ["hello-2"])
        #expect(starts(rig.ends("hello-1")) == [])
        #expect(rig.life.startFailure == nil)
    }

    @Test func `a removed function ends and is forgotten`() throws {
        var rig = Rig()
        _ = try rig.apply(launch(), 1)
        _ = rig.ends("hello-1")
        rig.pass(.seconds(1))
        _ = rig.advance()
        #expect(rig.life.remove(at: rig.time) == [.terminate(Replica.ID("hello-2"))])
        #expect(rig.life.startFailure == nil && !rig.life.isOver)
        #expect(rig.ends("hello-2").contains(.forgetLogs(Function.ID("hello"))))
        #expect(rig.life.isOver)
    }

    @Test func `random events break no invariant`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix64(seed: seed)
        var rig = Rig()
        let launches = try [launch(), launch(["other"]), launch(probe: "/up"), launch(nil)]
        var identities: Set<String> = []
        for step in 0..<3000 {
            let ids = rig.life.replicas.map(\.id.text)
            var actions: [ReplicaAction] = []
            var desired: Int?
            switch Int.random(in: 0..<7, using: &random) {
            case 0:
                let count = Int.random(in: 0...4, using: &random)
                let retiring = ids.filter { _ in Bool.random(using: &random) }
                actions = rig.apply(launches[Int.random(in: 0..<4, using: &random)], count, retiring: retiring)
                desired = count
            case 1: actions = ids.randomElement(using: &random).map { rig.listens($0) } ?? []
            case 2: ids.randomElement(using: &random).map { rig.life.answers(Replica.ID($0), at: rig.time) }
            case 3, 4:
                actions =
                    ids.randomElement(using: &random).map { rig.ends($0, portWasTaken: .random(using: &random)) } ?? []
            case 5: rig.pass(.milliseconds(Int.random(in: 1...20_000, using: &random)))
            default: actions = rig.advance()
            }
            for id in starts(actions) {
                #expect(identities.insert(id).inserted, "an identity came twice: seed \(seed), step \(step)")
            }
            if let desired, !starts(actions).isEmpty {
                let running = rig.life.replicas.filter { !$0.isStopping }
                let current = running.filter { $0.launch.revision == running.last?.launch.revision }
                #expect(current.count <= desired, "more than desired: seed \(seed), step \(step)")
            }
            if let deadline = rig.life.nextDeadline, deadline <= rig.time.steady {
                _ = rig.advance()
                let next = rig.life.nextDeadline
                #expect(next == nil || next! > rig.time.steady, "it would spin: seed \(seed), step \(step)")
            }
        }
    }
}
