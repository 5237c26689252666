import ProcessSupport
import Synchronization

/// Records the times at which a watch of the API server reports changes of pods. F2S gets the same events within about
/// a millisecond. A pod's own status only contains whole seconds.
final class PodTimeline: Sendable {
    /// The times of one pod's changes on the monotonic clock.
    struct Moments: Sendable {
        var seen: Int64
        var scheduled: Int64?
        var address: Int64?
        var ready: Int64?
        var ending: Int64?
        var gone: Int64?

        /// Returns the changes as text, with times relative to `start`, the time of the client's request.
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

    /// The times of a pod, by its name.
    subscript(pod: String) -> Moments? { pods.withLock { $0[pod] } }

    /// Ends ``run()``.
    func stop() { isOver.raise() }

    /// Watches until ``stop()`` is called.
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
                // There was no event for a second.
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
