import Glibc
import ProcessSupport
import Synchronization

/// Sends requests at a constant rate over persistent connections, independent of the responses.
///
/// Each request counts as failed unless the function responds with 200; the failure contains its reason and the phase
/// of the test. Like other clients, it replaces a connection after a response with `Connection: close`. A connection
/// that ends without that header fails the request that was sent on it.
final class PacedLoad: Sendable {
    struct Failure: Sendable {
        /// Nanoseconds after the start of the load.
        let after: Int64
        /// The phase of the test, which ``note(_:)`` sets.
        let during: String
        let reason: String
    }

    struct Outcome: Sendable {
        var sent = 0
        var failures: [Failure] = []
        /// Nanoseconds until each response.
        var times: [Int64] = []
        /// Responses by the version of the function's image.
        var versions: [String: Int] = [:]
        /// Responses by pod.
        var pods: [String: Int] = [:]
    }

    private struct State {
        var outcome = Outcome()
        var phase = "warming up"
        var isOver = false
    }

    let host: String
    let port: Int
    let target: String
    let perSecond: Int
    let connections: Int
    /// True to reuse connections; false for a new connection per request.
    let keepsConnections: Bool
    /// Minimum number of requests. The load continues until ``stop()`` in any case.
    let countMin: Int

    private let state = Mutex(State())

    init(
        on server: (host: String, port: Int), _ target: String, perSecond: Int, connections: Int = 32, atLeast: Int = 0,
        keepsConnections: Bool = true
    ) {
        self.keepsConnections = keepsConnections
        (host, port) = server
        self.target = target
        self.perSecond = perSecond
        self.connections = connections
        countMin = atLeast
    }

    /// The results so far.
    var outcome: Outcome { state.withLock(\.outcome) }

    /// Sets the phase of the test.
    func note(_ phase: String) { state.withLock { $0.phase = phase } }

    /// Ends ``run()`` once the minimum number of requests is sent.
    func stop() { state.withLock { $0.isOver = true } }

    /// Sends requests until ``stop()`` is called.
    func run() async throws -> Outcome {
        let start = monotonicNanoseconds()
        // Each connection sends in turn, so that none is idle for longer than the server's keep-alive timeout.
        _ = try await atOnce(connections) { self.work(on: $0, since: start) }
        return outcome
    }

    private func work(on index: Int, since start: Int64) {
        var connection: HTTPConnection?
        var number = index
        while !isOver(at: number) {
            let due = start + Int64(number) * 1_000_000_000 / Int64(perSecond)
            let early = due - monotonicNanoseconds()
            if early > 0 { pause(.nanoseconds(early)) }
            send(on: &connection, since: start)
            number += connections
        }
    }

    private func isOver(at number: Int) -> Bool { state.withLock { $0.isOver } && number >= countMin }

    private func send(on connection: inout HTTPConnection?, since start: Int64) {
        let begun = monotonicNanoseconds()
        let phase = state.withLock(\.phase)
        do {
            let open = try connection ?? HTTPConnection(host: host, port: port, silence: .seconds(60))
            connection = open
            let answer = try open.exchange("GET", target)
            if answer["connection"]?.lowercased() == "close" || !keepsConnections { connection = nil }
            if answer.status == 200, let pod = answer["x-pod"], let version = answer["x-version"] {
                let time = monotonicNanoseconds() - begun
                state.withLock { state in
                    state.outcome.sent += 1
                    state.outcome.times.append(time)
                    state.outcome.versions[version, default: 0] += 1
                    state.outcome.pods[pod, default: 0] += 1
                }
                return
            }
            fail("\(answer.status) \(answer.text.prefix(200))", phase, begun - start)
        } catch {
            connection = nil
            fail("\(error)", phase, begun - start)
        }
    }

    private func fail(_ reason: String, _ phase: String, _ after: Int64) {
        state.withLock { state in
            state.outcome.sent += 1
            state.outcome.failures.append(Failure(after: after, during: phase, reason: reason))
        }
    }
}

extension PacedLoad.Outcome {
    /// Failures by phase and reason, or "none".
    var summary: String {
        var counts: [String: (count: Int, first: Int64)] = [:]
        for failure in failures {
            let key = "\(failure.during): \(failure.reason)"
            counts[key] = ((counts[key]?.count ?? 0) + 1, min(counts[key]?.first ?? .max, failure.after))
        }
        let lines = counts.sorted { $0.value.first < $1.value.first }.map {
            "\($0.value.count) × after \($0.value.first / 1_000_000) ms, while \($0.key)"
        }
        return lines.isEmpty ? "none" : lines.joined(separator: "; ")
    }

    /// Median, 99th percentile and maximum, in milliseconds.
    var latencies: String {
        let sorted = times.sorted()
        guard let longest = sorted.last else { return "no response" }
        return "median \(sorted.median.milliseconds), p99 \(sorted[sorted.count * 99 / 100].milliseconds), "
            + "longest \(longest.milliseconds)"
    }
}
