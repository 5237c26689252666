import ProcessSupport
import Synchronization

/// What a watcher of the API server has learnt of pods, and when: the same events that F2S gets, at the same time but
/// for a millisecond. A pod's own status tells whole seconds only.
final class PodTimeline: Sendable {
    /// Moments of one pod on the monotonic clock.
    struct Moments: Sendable {
        var seen: Int64
        var scheduled: Int64?
        var address: Int64?
        var ready: Int64?
        var ending: Int64?
        var gone: Int64?

        /// The pod's own story since `start`, which is the client's request.
        func story(since start: Int64) -> String {
            let parts: [(String, Int64?)] = [
                ("seen", seen), ("scheduled", scheduled), ("address", address), ("Ready", ready), ("ending", ending),
                ("gone", gone),
            ]
            return parts.compactMap { name, moment in moment.map { "\(name) \(($0 - start).milliseconds)" } }
                .joined(separator: ", ")
        }
    }

    private let pods = Mutex<[String: Moments]>([:])
    private let isOver = Flag()
    private let api: ClusterAPI
    private let path: String

    init(_ api: ClusterAPI, path: String = ClusterAPI.pods) {
        self.api = api
        self.path = path
    }

    /// The moments of a pod, by its name.
    subscript(pod: String) -> Moments? { pods.withLock { $0[pod] } }

    /// Ends ``run()``.
    func stop() { isOver.raise() }

    /// Watches until ``stop()``.
    func run() async throws {
        let version = try api.get(path)["metadata"]?["resourceVersion"]?.text ?? ""
        let connection = try HTTPConnection(port: api.port, silence: .seconds(1))
        try connection.send("GET", "\(path)?watch=1&resourceVersion=\(version)")
        var text: [UInt8] = []
        var isInside = false
        while !isOver.isRaised {
            do {
                if !isInside { _ = try connection.head() }
                isInside = true
                guard let chunk = try connection.chunk() else { return }
                text += chunk
            } catch HTTPConnection.Failure.timedOut {
                // Nothing has happened for a second.
                continue
            }
            let now = monotonicNanoseconds()
            while let end = text.firstIndex(of: UInt8(ascii: "\n")) {
                try take(try JSONValue(Array(text[..<end])), at: now)
                text.removeSubrange(...end)
            }
        }
    }

    private func take(_ event: JSONValue, at now: Int64) throws {
        guard let object = event["object"], object["kind"]?.text == "Pod" else { return }
        let pod = Pod(object)
        pods.withLock { pods in
            var moments = pods[pod.name] ?? Moments(seen: now)
            func set(_ moment: WritableKeyPath<Moments, Int64?>, if holds: Bool) {
                if holds, moments[keyPath: moment] == nil { moments[keyPath: moment] = now }
            }
            set(\.scheduled, if: object["spec"]?["nodeName"] != nil)
            set(\.address, if: pod.address != nil)
            set(\.ready, if: pod.isReady)
            set(\.ending, if: pod.isEnding)
            set(\.gone, if: event["type"]?.text == "DELETED")
            pods[pod.name] = moments
        }
    }
}
