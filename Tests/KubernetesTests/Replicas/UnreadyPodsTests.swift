import F2SModel
import Glibc
import Testing

@testable import F2SKubernetes

/// Pods that run and never become ready.
@Suite struct UnreadyPodsTests {
    private let f = Function.ID("f")

    private func running(restarts: Int = 0, probe: String? = nil, isReady: Bool = false) -> PodObservation {
        samplePod("p") {
            ($0.isRunning, $0.ip, $0.restarts, $0.isReady) = (true, "10.0.0.9", restarts, isReady)
            ($0.probe, $0.awaitsReadiness) = (probe.map { ReadinessProbe(path: $0) }, probe != nil)
        }
    }

    private func check(
        _ unready: inout UnreadyPods, _ pod: PodObservation, at seconds: Double, limit: Duration = .seconds(40),
        isDeclared: Bool = false
    ) {
        let limit = UnreadyPods.StartLimit(time: limit, isDeclared: isDeclared)
        unready.update([pod], startLimit: { _ in limit }, at: .seconds(seconds))
    }

    /// Returns the failure of a pod that has run for `seconds` and responds with `answer`, or `nil` if it has none.
    private func failure(
        _ answer: UnreadyPods.Finding.Answer, otherPorts: [Int] = [], probe: String? = nil, after seconds: Double = 8,
        wasReady: Bool = false
    ) -> PodFailure? {
        var unready = UnreadyPods()
        if wasReady { check(&unready, running(probe: probe, isReady: true), at: -1) }
        let pod = running(probe: probe)
        check(&unready, pod, at: 0)
        check(&unready, pod, at: 7)
        guard let question = unready.wanted.first else { return nil }
        unready.record(.init(answer: answer, otherPorts: otherPorts, logTail: ["last words"]), of: question.key)
        check(&unready, pod, at: seconds)
        return PodFailure(pod, unready)
    }

    /// Changes to the pod of a ready replica that was killed for its memory use: it has ended, waits for its restart,
    /// and was restarted.
    static let restarting: [@Sendable (inout PodObservation) -> Void] = [
        { $0.ended = sampleEnding(137, reason: "OOMKilled", ran: 60) },
        { $0.endedBefore = sampleEnding(137, reason: "OOMKilled", ran: 60) },
        { ($0.endedBefore, $0.restarts) = (sampleEnding(137, reason: "OOMKilled", ran: 60), 1) },
    ]

    @Test(arguments: 0..<3)
    func `a replica that was killed for its memory use is reported while it restarts`(step: Int) throws {
        var unready = UnreadyPods()
        check(&unready, running(isReady: true), at: 0)
        var pod = running()
        pod.isRunning = step == 2
        Self.restarting[step](&pod)
        check(&unready, pod, at: 60)
        let reading = PodReading(pods: [pod], deployments: ObjectIndex(), unready: unready)
        #expect(reading.failures.isEmpty, "invocations wait for it")
        #expect(reading.replicas.map(\.state) == [.starting] && reading.replicas.map(\.isDown) == [true])
        let restart = try #require(reading.restarts[f])
        #expect(restart.reason == "OOMKilled" && restart.stage == .start && restart.exitStatus == 137)
        #expect(restart.message.contains("(OOMKilled)") && restart.message.contains("target.resources.memory"))
        #expect(restart.message.contains("name-of-p"), "the message names the replica")
        // If another replica is ready, or this one is ready again, there is nothing to report.
        let other = samplePod("q") { ($0.isReady, $0.isRunning) = (true, true) }
        #expect(PodReading(pods: [pod, other], deployments: ObjectIndex(), unready: unready).restarts.isEmpty)
        pod.isReady = true
        #expect(PodReading(pods: [pod], deployments: ObjectIndex(), unready: unready).restarts.isEmpty)
    }

    @Test func `a replica that only fails its probe is not reported as ended`() {
        var unready = UnreadyPods()
        var pod = running(restarts: 1, isReady: true)
        pod.endedBefore = sampleEnding(1, ran: 60)
        check(&unready, pod, at: 0)
        pod.isReady = false
        check(&unready, pod, at: 1)
        #expect(PodReading(pods: [pod], deployments: ObjectIndex(), unready: unready).restarts.isEmpty)
    }

    @Test(arguments: [
        (1, "Error", "ReplicaCrashed", "exit status 1."), (137, "Error", "ReplicaCrashed", "target.resources.memory"),
        (139, "Error", "ReplicaCrashed", "signal 11"), (0, "Completed", "ReplicaCrashed", "exit status 0"),
    ])
    func `each other end of a ready replica is reported with its cause`(
        exitStatus: Int, word: String, reason: String, words: String
    ) throws {
        var unready = UnreadyPods()
        check(&unready, running(isReady: true), at: 0)
        var pod = running()
        (pod.isRunning, pod.ended) = (false, sampleEnding(exitStatus, reason: word, ran: 60))
        check(&unready, pod, at: 60)
        let restart = try #require(PodReading(pods: [pod], deployments: ObjectIndex(), unready: unready).restarts[f])
        #expect(restart.reason == reason && restart.message.contains(words), "\(restart.message)")
    }

    @Test func `a pod that does not listen is reported with its port and a remedy, and may still become ready`() throws
    {
        let failure = try #require(self.failure(.refuses))
        #expect(failure.reason == "NeverListened" && failure.stage == .start && failure.isTimeout)
        #expect(failure.message.contains("port 8080") && failure.message.contains("target.port"))
        #expect(failure.isTryingAgain, "invocations wait for a slow start")
        #expect(failure.logTail == ["last words"])
        let elsewhere = try #require(self.failure(.refuses, otherPorts: [5000]))
        #expect(elsewhere.message.contains("listens on port 5000: set target.port"))
    }

    @Test(
        arguments: [
            (.status(404), "is answered with 404"), (.status(503), "is answered with 503"),
            (.silent, "was not answered within"), (.refuses, "did not accept connections on port 8080"),
        ] as [(UnreadyPods.Finding.Answer, String)])
    func `a probe that never succeeds is reported with the response to it`(
        answer: UnreadyPods.Finding.Answer, words: String
    ) throws {
        let failure = try #require(self.failure(answer, probe: "/ready"))
        #expect(failure.reason == (answer == .refuses ? "NeverListened" : "NeverReady"))
        #expect(failure.message.contains(words), "\(failure.message)")
    }

    @Test func `a pod is not reported too early, or while it accepts connections, or while it is ready`() {
        #expect(failure(.refuses, after: 7.9) == nil)
        #expect(failure(.accepts, after: 30) == nil)
        var unready = UnreadyPods()
        check(&unready, running(isReady: true), at: 0)
        check(&unready, running(isReady: true), at: 100)
        #expect(unready.wanted.isEmpty && unready.nextCheck == nil)
    }

    @Test func `after the start timeout a pod is hopeless, and a restart of its container begins a new timeout`()
        throws
    {
        let late = try #require(self.failure(.refuses, after: 40))
        #expect(!late.isTryingAgain)
        var unready = UnreadyPods()
        check(&unready, running(), at: 0)
        check(&unready, running(), at: 7)
        unready.record(.init(answer: .refuses), of: try #require(unready.wanted.first).key)
        check(&unready, running(), at: 9)
        #expect(PodFailure(running(), unready) != nil)
        check(&unready, running(restarts: 1), at: 10)
        #expect(PodFailure(running(restarts: 1), unready) == nil)
    }

    @Test func `a declared start timeout passes before the pod is reported`() throws {
        var unready = UnreadyPods()
        check(&unready, running(), at: 0, limit: .seconds(120), isDeclared: true)
        for second in [50, 100] {
            check(&unready, running(), at: Double(second), limit: .seconds(120), isDeclared: true)
        }
        #expect(unready.wanted.isEmpty, "it is too early for a check")
        check(&unready, running(), at: 119.5, limit: .seconds(120), isDeclared: true)
        unready.record(.init(answer: .refuses), of: try #require(unready.wanted.first).key)
        check(&unready, running(), at: 119.9, limit: .seconds(120), isDeclared: true)
        #expect(PodFailure(running(), unready) == nil)
        check(&unready, running(), at: 120, limit: .seconds(120), isDeclared: true)
        let failure = try #require(PodFailure(running(), unready))
        #expect(failure.message.contains("within 2 min") && !failure.isTryingAgain, "\(failure.message)")
    }

    @Test func `a start timeout that is shorter than the default is respected`() throws {
        var unready = UnreadyPods()
        check(&unready, running(), at: 0, limit: .seconds(2))
        check(&unready, running(), at: 1, limit: .seconds(2))
        unready.record(.init(answer: .refuses), of: try #require(unready.wanted.first).key)
        check(&unready, running(), at: 2, limit: .seconds(2))
        #expect(PodFailure(running(), unready)?.isTryingAgain == false)
    }

    @Test func `a pod that was ready has other reasons than one that never was`() {
        #expect(failure(.refuses, wasReady: true)?.reason == "StoppedListening")
        #expect(failure(.status(500), probe: "/ready", wasReady: true)?.reason == "NotReady")
    }

    @Test func `the first crash of a ready replica counts as a cold start, in either state of its container`() {
        var unready = UnreadyPods()
        check(&unready, running(isReady: true), at: 0)
        let ended = samplePod("p") { ($0.ip, $0.ended) = ("10.0.0.9", sampleEnding(137, ran: 3)) }
        let again = samplePod("p") {
            ($0.ip, $0.isRunning, $0.restarts, $0.endedBefore) = ("10.0.0.9", true, 1, sampleEnding(137, ran: 3))
        }
        for pod in [ended, again] {
            check(&unready, pod, at: 1)
            let reading = PodReading(pods: [pod], deployments: ObjectIndex(), unready: unready)
            #expect(reading.failures.isEmpty)
            #expect(reading.replicas.map(\.state) == [.starting])
            #expect(reading.replicas.first?.isDown == true)
        }
        // No invocation may be sent to a container that has ended.
        #expect(PodReading(pods: [ended], deployments: ObjectIndex(), unready: unready).replicas[0].address == nil)
        // The second crash in a row is a failure.
        let crashing = samplePod("p") {
            ($0.restarts, $0.endedBefore) = (1, sampleEnding(137, ran: 3))
            $0.waiting = .init(reason: "CrashLoopBackOff", message: "back-off 10s restarting failed container=x")
        }
        #expect(PodFailure(crashing, unready)?.reason == "CrashLoopBackOff")
        // The end of a container that was never ready is a failed start.
        #expect(PodFailure(ended, UnreadyPods())?.reason == "CrashLoopBackOff")
    }

    @Test func `a connection attempt shows whether a pod listens`() async throws {
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
