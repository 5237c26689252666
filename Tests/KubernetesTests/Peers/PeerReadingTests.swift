import F2SModel
import Testing

@testable import F2SKubernetes

@Suite struct PeerReadingTests {
    private let options = KubernetesOptions(
        namespace: "f2s", functionsNamespace: "f2s-containers", podName: "f2s-a", podIP: "10.0.0.1", token: "t")

    private func peer(_ name: String, _ change: (inout PodObservation) -> Void = { _ in }) -> PodObservation {
        var pod = PodObservation(uid: "uid-\(name)", name: name)
        (pod.ip, pod.isRunning, pod.isReady) = ("10.0.0.2", true, true)
        change(&pod)
        return pod
    }

    private func snapshot(_ pods: [PodObservation]) -> PeerSnapshot {
        PeerReading(pods: pods, options: options).snapshot
    }

    @Test func `outside of any pod this process is ready, and in a pod it is as ready as the pod`() {
        let own = snapshot([]).own
        #expect(own.id == "f2s-a" && own.address?.description == "10.0.0.1:8082" && own.isReady && own.isAlive)
        #expect(!snapshot([peer("f2s-a") { $0.isReady = false }]).own.isReady)
        #expect(snapshot([peer("f2s-a")]).own.isReady && snapshot([peer("f2s-a")]).others.isEmpty)
    }

    @Test func `another pod has its own address, or none if it has no IP`() {
        #expect(snapshot([peer("f2s-b")]).others.map(\.address?.description) == ["10.0.0.2:8082"])
        #expect(snapshot([peer("f2s-b") { $0.ip = nil }]).others.map(\.address) == [nil])
    }

    @Test func `a pod that is being deleted is alive and not ready, and one whose container has ended is neither`() {
        let leaving = snapshot([peer("f2s-b") { $0.isDeleting = true }]).others[0]
        #expect(leaving.isAlive && !leaving.isReady)
        let ended = snapshot([peer("f2s-b") { ($0.isRunning, $0.isReady) = (false, false) }]).others[0]
        #expect(!ended.isAlive && !ended.isReady)
        let over = snapshot([peer("f2s-b") { ($0.isOver, $0.isReady) = (true, false) }]).others[0]
        #expect(!over.isAlive)
    }
}
