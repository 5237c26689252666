import F2SModel
import Glibc
import Testing

@testable import F2SKubernetes

/// Pods that run and never get ready.
@Suite struct UnreadyPodsTests {
    private let f = Function.ID("f")

    private func running(restarts: Int = 0, probe: String? = nil, isReady: Bool = false) -> PodObservation {
        samplePod("p") {
            ($0.isRunning, $0.ip, $0.restarts, $0.isReady) = (true, "10.0.0.9", restarts, isReady)
            ($0.probe, $0.awaitsReadiness) = (probe.map { ReadinessProbe(path: $0) }, probe != nil)
        }
    }

    private func look(
        _ unready: inout UnreadyPods, _ pod: PodObservation, at seconds: Double, limit: Duration = .seconds(40),
        isDeclared: Bool = false
    ) {
        let limit = UnreadyPods.StartLimit(time: limit, isDeclared: isDeclared)
        unready.take([pod], startLimit: { _ in limit }, at: .seconds(seconds))
    }

    /// What is said of a pod that has run for that long and answers so.
    private func failure(
        _ answer: UnreadyPods.Finding.Answer, otherPorts: [Int] = [], probe: String? = nil, after seconds: Double = 8,
        wasReady: Bool = false
    ) -> PodFailure? {
        var unready = UnreadyPods()
        if wasReady { look(&unready, running(probe: probe, isReady: true), at: -1) }
        let pod = running(probe: probe)
        look(&unready, pod, at: 0)
        look(&unready, pod, at: 7)
        guard let question = unready.wanted.first else { return nil }
        unready.take(.init(answer: answer, otherPorts: otherPorts, logTail: ["last words"]), of: question.key)
        look(&unready, pod, at: seconds)
        return PodFailure(pod, unready)
    }

    /// The pod of a sound replica that has been killed for its memory: just now, about to be started, started.
    static let restarting: [@Sendable (inout PodObservation) -> Void] = [
        { $0.ended = sampleEnding(137, reason: "OOMKilled", ran: 60) },
        { $0.endedBefore = sampleEnding(137, reason: "OOMKilled", ran: 60) },
        { ($0.endedBefore, $0.restarts) = (sampleEnding(137, reason: "OOMKilled", ran: 60), 1) },
    ]

    @Test(arguments: 0..<3)
    func `a replica that was killed for its memory is named while it is started again`(step: Int) throws {
        var unready = UnreadyPods()
        look(&unready, running(isReady: true), at: 0)
        var pod = running()
        pod.isRunning = step == 2
        Self.restarting[step](&pod)
        look(&unready, pod, at: 60)
        let reading = PodReading(pods: [pod], deployments: ObjectIndex(), unready: unready)
        #expect(reading.failures.isEmpty, "it is waited for")
        #expect(reading.replicas.map(\.state) == [.starting] && reading.replicas.map(\.isDown) == [true])
        let restart = try #require(reading.restarts[f])
        #expect(restart.reason == "OOMKilled" && restart.stage == .start && restart.exitStatus == 137)
        #expect(restart.message.contains("(OOMKilled)") && restart.message.contains("target.resources.memory"))
        #expect(restart.message.contains("name-of-p"), "which replica")
        // Another one serves, or it is back: nothing is to be told.
        let other = samplePod("q") { ($0.isReady, $0.isRunning) = (true, true) }
        #expect(PodReading(pods: [pod, other], deployments: ObjectIndex(), unready: unready).restarts.isEmpty)
        pod.isReady = true
        #expect(PodReading(pods: [pod], deployments: ObjectIndex(), unready: unready).restarts.isEmpty)
    }

    @Test func `a replica that only fails its probe has not ended again`() {
        var unready = UnreadyPods()
        var pod = running(restarts: 1, isReady: true)
        pod.endedBefore = sampleEnding(1, ran: 60)
        look(&unready, pod, at: 0)
        pod.isReady = false
        look(&unready, pod, at: 1)
        #expect(PodReading(pods: [pod], deployments: ObjectIndex(), unready: unready).restarts.isEmpty)
    }

    @Test(arguments: [
        (1, "Error", "ReplicaCrashed", "exit status 1."), (137, "Error", "ReplicaCrashed", "target.resources.memory"),
        (139, "Error", "ReplicaCrashed", "signal 11"), (0, "Completed", "ReplicaCrashed", "exit status 0"),
    ])
    func `every other end under load is named too`(
        exitStatus: Int, word: String, reason: String, words: String
    ) throws {
        var unready = UnreadyPods()
        look(&unready, running(isReady: true), at: 0)
        var pod = running()
        (pod.isRunning, pod.ended) = (false, sampleEnding(exitStatus, reason: word, ran: 60))
        look(&unready, pod, at: 60)
        let restart = try #require(PodReading(pods: [pod], deployments: ObjectIndex(), unready: unready).restarts[f])
        #expect(restart.reason == reason && restart.message.contains(words), "\(restart.message)")
    }

    @Test func `a pod that does not listen is named with its port and the remedy, and may still come up`() throws {
        let failure = try #require(self.failure(.refuses))
        #expect(failure.reason == "NeverListened" && failure.stage == .start && failure.isTimeout)
        #expect(failure.message.contains("port 8080") && failure.message.contains("target.port"))
        #expect(failure.isTryingAgain, "a slow start is waited for")
        #expect(failure.logTail == ["last words"])
        let elsewhere = try #require(self.failure(.refuses, otherPorts: [5000]))
        #expect(elsewhere.message.contains("listens on port 5000: set target.port"))
    }

    @Test(
        arguments: [
            (.status(404), "is answered with 404"), (.status(503), "is answered with 503"),
            (.silent, "was not answered within"), (.refuses, "did not accept connections on port 8080"),
        ] as [(UnreadyPods.Finding.Answer, String)])
    func `a probe that never passes is named with what it is answered`(
        answer: UnreadyPods.Finding.Answer, words: String
    ) throws {
        let failure = try #require(self.failure(answer, probe: "/ready"))
        #expect(failure.reason == (answer == .refuses ? "NeverListened" : "NeverReady"))
        #expect(failure.message.contains(words), "\(failure.message)")
    }

    @Test func `nothing is said too soon, of a pod that accepts, or of one that is ready`() {
        #expect(failure(.refuses, after: 7.9) == nil)
        #expect(failure(.accepts, after: 30) == nil)
        var unready = UnreadyPods()
        look(&unready, running(isReady: true), at: 0)
        look(&unready, running(isReady: true), at: 100)
        #expect(unready.wanted.isEmpty && unready.nextLook == nil)
    }

    @Test func `after the longest start nobody waits for it any more, and a new run of its container begins anew`()
        throws
    {
        let late = try #require(self.failure(.refuses, after: 40))
        #expect(!late.isTryingAgain)
        var unready = UnreadyPods()
        look(&unready, running(), at: 0)
        look(&unready, running(), at: 7)
        unready.take(.init(answer: .refuses), of: try #require(unready.wanted.first).key)
        look(&unready, running(), at: 9)
        #expect(PodFailure(running(), unready) != nil)
        look(&unready, running(restarts: 1), at: 10)
        #expect(PodFailure(running(restarts: 1), unready) == nil)
    }

    @Test func `a declared time for the start is waited for, and then named`() throws {
        var unready = UnreadyPods()
        look(&unready, running(), at: 0, limit: .seconds(120), isDeclared: true)
        for second in [50, 100] {
            look(&unready, running(), at: Double(second), limit: .seconds(120), isDeclared: true)
        }
        #expect(unready.wanted.isEmpty, "there is no reason to ask yet")
        look(&unready, running(), at: 119.5, limit: .seconds(120), isDeclared: true)
        unready.take(.init(answer: .refuses), of: try #require(unready.wanted.first).key)
        look(&unready, running(), at: 119.9, limit: .seconds(120), isDeclared: true)
        #expect(PodFailure(running(), unready) == nil)
        look(&unready, running(), at: 120, limit: .seconds(120), isDeclared: true)
        let failure = try #require(PodFailure(running(), unready))
        #expect(failure.message.contains("within 2 min") && !failure.isTryingAgain, "\(failure.message)")
    }

    @Test func `a shorter time for the start is kept to`() throws {
        var unready = UnreadyPods()
        look(&unready, running(), at: 0, limit: .seconds(2))
        look(&unready, running(), at: 1, limit: .seconds(2))
        unready.take(.init(answer: .refuses), of: try #require(unready.wanted.first).key)
        look(&unready, running(), at: 2, limit: .seconds(2))
        #expect(PodFailure(running(), unready)?.isTryingAgain == false)
    }

    @Test func `a pod that was ready is told apart from one that never was`() {
        #expect(failure(.refuses, wasReady: true)?.reason == "StoppedListening")
        #expect(failure(.status(500), probe: "/ready", wasReady: true)?.reason == "NotReady")
    }

    @Test func `a replica that crashes once is like a cold start, wherever its crash is seen`() {
        var unready = UnreadyPods()
        look(&unready, running(isReady: true), at: 0)
        let ended = samplePod("p") { ($0.ip, $0.ended) = ("10.0.0.9", sampleEnding(137, ran: 3)) }
        let again = samplePod("p") {
            ($0.ip, $0.isRunning, $0.restarts, $0.endedBefore) = ("10.0.0.9", true, 1, sampleEnding(137, ran: 3))
        }
        for pod in [ended, again] {
            look(&unready, pod, at: 1)
            let reading = PodReading(pods: [pod], deployments: ObjectIndex(), unready: unready)
            #expect(reading.failures.isEmpty)
            #expect(reading.replicas.map(\.state) == [.starting])
            #expect(reading.replicas.first?.isDown == true)
        }
        // Nobody may be sent to a container that has ended.
        #expect(PodReading(pods: [ended], deployments: ObjectIndex(), unready: unready).replicas[0].address == nil)
        // The second time in a row is a trouble.
        let crashing = samplePod("p") {
            ($0.restarts, $0.endedBefore) = (1, sampleEnding(137, ran: 3))
            $0.waiting = .init(reason: "CrashLoopBackOff", message: "back-off 10s restarting failed container=x")
        }
        #expect(PodFailure(crashing, unready)?.reason == "CrashLoopBackOff")
        // One that was never ready has not crashed: it did not start.
        #expect(PodFailure(ended, UnreadyPods())?.reason == "CrashLoopBackOff")
    }

    @Test func `a connection says whether a pod listens`() async throws {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(socket, pointer, length) == 0 && getsockname(socket, pointer, &length) == 0
            }
        }
        try #require(isBound)
        let replica = Replica.Address(ip: "127.0.0.1", port: Int(UInt16(bigEndian: address.sin_port)))
        #expect(await !PodCheck.accepts(replica))
        try #require(listen(socket, 4) == 0)
        #expect(await PodCheck.accepts(replica))
        #expect(await !PodCheck.accepts(Replica.Address(ip: "no address", port: 1)))
    }
}
