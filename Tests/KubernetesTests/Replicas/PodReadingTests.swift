import F2SModel
import Testing

@testable import F2SKubernetes

@Suite struct PodReadingTests {
    private let f = Function.ID("f")

    private func read(_ pods: [PodObservation], _ deployments: [ObservedObject] = []) -> PodReading {
        let objects = Dictionary(deployments.map { ($0.uid, $0) }) { $1 }
        return PodReading(pods: pods, deployments: ObjectIndex(MirroredCollection(objects)))
    }

    private func state(_ change: (inout PodObservation) -> Void) -> Replica.State? {
        read([samplePod("p", change)]).replicas.first?.state
    }

    private func deployment(revision: String, failure: String? = nil) throws -> ObservedObject {
        var tree: JSONValue = [
            "metadata": ["name": "f", "uid": "d", "labels": ["f2s.opensight.ch/function-uid": "f"]],
            "spec": [
                "template": ["metadata": ["labels": ["f2s.opensight.ch/revision": .string(revision)]], "spec": [:]]
            ],
        ]
        if let failure {
            tree["status"] = [
                "conditions": [
                    [
                        "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
                        "message": .string(failure),
                    ]
                ]
            ]
        }
        return try ObservedObject(tree)
    }

    @Test func `a pod is decoded from the JSON of the API`() throws {
        let pod: PodObservation = try decode(
            """
            {"metadata":{"name":"hello-1","uid":"u","creationTimestamp":"1970-01-01T00:01:40Z",
              "labels":{"f2s.opensight.ch/function-uid":"f","f2s.opensight.ch/revision":"r"}},
             "spec":{"containers":[{"name":"function","ports":[{"containerPort":9000,"protocol":"TCP"}],
               "readinessProbe":{"httpGet":{"path":"/ready","port":9000}}}]},
             "status":{"phase":"Running","podIP":"10.1.2.3",
               "conditions":[{"type":"Ready","status":"True"},{"type":"PodScheduled","status":"True"}],
               "containerStatuses":[{"name":"function","restartCount":2,"state":{"running":{"startedAt":null}},
                 "lastState":{"terminated":{"exitCode":127,"reason":"Error",
                   "startedAt":"1970-01-01T00:02:00Z","finishedAt":"1970-01-01T00:02:03Z"}}}]}}
            """)
        #expect(pod.function == f && pod.revision == "r" && pod.port == 9000 && pod.ip == "10.1.2.3")
        #expect(pod.awaitsReadiness && pod.isReady && pod.isRunning && pod.restarts == 2 && pod.created == 100)
        #expect(pod.endedBefore?.exitStatus == 127 && pod.endedBefore?.ran == 3 && pod.ended == nil)
    }

    @Test(arguments: [("", true), (#""nodeName":"","#, true), (#""nodeName":"n","#, false)])
    func `a pod with a node is not unschedulable, whatever an overtaken attempt has reported`(
        node: String, isUnscheduled: Bool
    ) throws {
        let pod: PodObservation = try decode(
            """
            {"metadata":{"name":"hello-1","uid":"u","labels":{"f2s.opensight.ch/function-uid":"f"}},
             "spec":{\(node)"containers":[]},
             "status":{"conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable"}],
               "containerStatuses":[{"state":{"waiting":{"reason":"CrashLoopBackOff"}},
                 "lastState":{"terminated":{"exitCode":127}}}]}}
            """)
        #expect(PodFailure(pod)?.stage == (isUnscheduled ? .schedule : .start))
    }

    @Test func `a pod first has no address, then an address, and then it is ready`() throws {
        #expect(state { _ in } == .starting)
        #expect(read([samplePod("p") { $0.ip = "10.0.0.9" }]).replicas.first?.address?.description == "10.0.0.9:8080")
        let ready = read([samplePod("p") { ($0.ip, $0.isReady, $0.isRunning) = ("10.0.0.9", true, true) }])
        #expect(ready.replicas.map(\.state) == [.ready] && ready.failures.isEmpty)
        #expect(read([samplePod("p") { $0.awaitsReadiness = true }]).replicas[0].awaitsReadiness)
    }

    @Test func `a pod that is being deleted drains, and is no replica any more once its container has ended`() {
        #expect(state { $0.isDeleting = true } == .draining)
        #expect(state { ($0.isDeleting, $0.isReady) = (true, true) } == .draining)
        #expect(state { ($0.isDeleting, $0.ended) = (true, sampleEnding(0)) } == nil)
        #expect(state { $0.isOver = true } == nil)
    }

    @Test func `a pod without a function is no replica`() {
        #expect(read([samplePod("p", function: nil)]).replicas.isEmpty)
    }

    @Test(
        arguments: [
            ("ErrImagePull", "ImagePullBackOff", .image), ("ImagePullBackOff", "ImagePullBackOff", .image),
            ("ErrImageNeverPull", "ErrImageNeverPull", .image), ("InvalidImageName", "InvalidImageName", .image),
            ("CreateContainerConfigError", "CreateContainerConfigError", .start),
            ("RunContainerError", "RunContainerError", .start),
        ] as [(String, String, Stage)])
    func `a container that waits with an error is a failure of its stage, and its pod is no replica`(
        waiting: String, reason: String, stage: Stage
    ) throws {
        let reading = read([samplePod("p") { $0.waiting = .init(reason: waiting, message: "said") }])
        let failure = try #require(reading.failures[f])
        #expect(failure.reason == reason && failure.stage == stage && failure.message.hasPrefix("said. "))
        #expect(reading.replicas.isEmpty && failure.revision == Revision(text: "r1"))
    }

    @Test(arguments: ["ContainerCreating", "PodInitializing", ""])
    func `a container that waits without an error is no failure`(waiting: String) {
        let reading = read([samplePod("p") { $0.waiting = .init(reason: waiting, message: "") }])
        #expect(reading.failures.isEmpty && reading.replicas.count == 1)
    }

    @Test func `a container that ends at once is a crash with its exit status, in each state of its pod`() throws {
        let ended = samplePod("p") { $0.ended = sampleEnding(127) }
        let waiting = samplePod("p") {
            $0.endedBefore = sampleEnding(127)
            $0.waiting = .init(reason: "CrashLoopBackOff", message: "back-off 1m20s restarting failed container=x")
        }
        let again = samplePod("p") { ($0.endedBefore, $0.isRunning, $0.ip) = (sampleEnding(127), true, "10.0.0.1") }
        let failures = [ended, waiting, again].compactMap { PodFailure($0) }
        #expect(failures.map(\.reason) == Array(repeating: "CrashLoopBackOff", count: 3))
        #expect(failures.allSatisfy { $0.exitStatus == 127 && $0.attempt == failures[0].attempt })
        #expect(failures[1].pause == .seconds(80) && failures.map(\.isTryingAgain) == [false, false, true])
        #expect(read([ended]).replicas.isEmpty && read([waiting]).replicas.isEmpty)
        #expect(read([again]).replicas.map(\.state) == [.starting], "invocations may wait for the new attempt")
    }

    @Test func `a container that has run for a while may end once without a failure`() {
        let once = samplePod("p") { ($0.endedBefore, $0.restarts, $0.isRunning) = (sampleEnding(ran: 60), 1, true) }
        let often = samplePod("p") { ($0.endedBefore, $0.restarts, $0.isRunning) = (sampleEnding(ran: 60), 2, true) }
        #expect(PodFailure(once) == nil && PodFailure(often) != nil)
        var ready = often
        ready.isReady = true
        #expect(PodFailure(ready) == nil)
    }

    @Test func `an unschedulable pod and pods that cannot be created are failures of their stages`() throws {
        let unscheduled = samplePod("p") { $0.unscheduled = .init(reason: "Unschedulable", message: "0/1 nodes") }
        let failure = try #require(read([unscheduled]).failures[f])
        #expect(failure.reason == "FailedScheduling" && failure.stage == .schedule)
        let refused = read([], [try deployment(revision: "r1", failure: "exceeded quota")])
        #expect(refused.failures[f]?.reason == "FailedCreate" && refused.failures[f]?.stage == .scale)
        #expect(refused.failures[f]?.message.contains("exceeded quota") == true)
    }

    @Test func `only the newest revision has failures, and none once a replica of it is ready`() throws {
        let old = samplePod("old", revision: "r1") { $0.isReady = true }
        let new = samplePod("new", revision: "r2", created: 200) {
            $0.waiting = .init(reason: "ImagePullBackOff", message: "")
        }
        let rollout = read([old, new], [try deployment(revision: "r2")])
        #expect(rollout.failures[f]?.revision == Revision(text: "r2") && rollout.replicas.map(\.state) == [.ready])
        let back = read([old, new], [try deployment(revision: "r1")])
        #expect(back.failures.isEmpty)
        let fine = samplePod("fine", revision: "r2") { $0.isReady = true }
        #expect(read([old, new, fine], [try deployment(revision: "r2")]).failures.isEmpty)
    }

    @Test func `the order of pods does not change the replicas`() {
        let pods = (0..<5).map { samplePod("p\($0)", created: Double($0 % 2)) }
        #expect(read(pods).replicas == read(pods.reversed()).replicas)
    }
}
