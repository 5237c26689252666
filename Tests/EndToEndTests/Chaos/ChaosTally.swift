import ProcessSupport
import Synchronization

/// The observations of the clients of a chaos run.
final class ChaosTally: Sendable {
    struct Counts: Sendable {
        /// The number of requests by outcome: a status, or the way in which the connection ended.
        var outcomes: [String: Int] = [:]
        var requests = 0
        /// The longest wait for a first replica in milliseconds, by function.
        var slowestStarts: [String: Double] = [:]
        var slowestQueue = 0.0
        /// The first few findings, which must never happen.
        var findings: [String] = []
        var findingsTotal = 0
        /// The newest revision that has responded, by function.
        var revisions: [String: Int] = [:]
    }

    private static let findingsMax = 20

    private let state = Mutex(Counts())
    /// Raised when no more requests are to be sent.
    let end = Flag()

    var counts: Counts { state.withLock { $0 } }

    func countRequests(_ number: Int = 1) { state.withLock { $0.requests += number } }

    func note(_ outcome: String) { state.withLock { $0.outcomes[outcome, default: 0] += 1 } }

    func find(_ finding: String) {
        state.withLock { counts in
            counts.findingsTotal += 1
            if counts.findings.count < Self.findingsMax { counts.findings.append(finding) }
        }
    }

    /// Notes a response of the function itself.
    func note(_ answer: HTTPAnswer, from function: String) {
        state.withLock { counts in
            if let revision = answer["x-revision"].flatMap({ Int($0) }) {
                counts.revisions[function] = max(revision, counts.revisions[function] ?? 0)
            }
            let times = ServerTiming(answer["server-timing"] ?? "")
            counts.slowestStarts[function] = max(times.start, counts.slowestStarts[function] ?? 0)
            counts.slowestQueue = max(times.queue, counts.slowestQueue)
        }
    }
}

/// The durations of the field `Server-Timing` in milliseconds.
struct ServerTiming {
    private(set) var queue = 0.0
    private(set) var start = 0.0

    init(_ text: String) {
        for metric in text.split(separator: ",") {
            let words = metric.split(separator: ";").map { $0.drop { $0 == " " } }
            guard words.count == 2, words[1].hasPrefix("dur="), let time = Double(words[1].dropFirst(4)) else {
                continue
            }
            if words[0] == "queue" { queue = time }
            if words[0] == "start" { start = time }
        }
    }
}
