import ProcessSupport
import Synchronization

/// Sends requests on several connections until it is stopped. Every tenth request is a POST. Each request has a number,
/// by which the function logs its executions.
final class Load: Sendable {
    /// The outcome of one request.
    struct Outcome: Sendable {
        enum Ending: Sendable, Equatable {
            /// The function responded.
            case answered
            /// F2S responded with a problem document.
            case problem(status: Int, stage: String)
            /// There was no complete response.
            case broken(String)
        }

        let number: Int
        let isPost: Bool
        let ending: Ending
    }

    private struct State {
        var next = 1
        var isPaused = false
        var isOver = false
        var busy = 0
        var pid = 0
        var revision = ""
        var most = 0
    }

    private let state = Mutex(State())
    private let server: F2SServer
    private let target: String
    private let connections: Int

    init(on server: F2SServer, _ target: String, connections: Int) {
        self.server = server
        self.target = target
        self.connections = connections
    }

    /// The number of requests that have begun.
    var count: Int { state.withLock { $0.next - 1 } }
    /// The process of the last response.
    var pid: Int { state.withLock { $0.pid } }
    /// The revision of the last response: the function's `REVISION`.
    var revision: String { state.withLock { $0.revision } }
    /// The highest number of concurrent requests that a process has counted.
    var most: Int { state.withLock { $0.most } }

    /// Sends requests until ``stop()``, and returns the outcome of each.
    func run() async throws -> [Outcome] { try await atOnce(connections) { _ in self.work() }.flatMap(\.self) }

    /// Pauses sending, and returns when no request is in flight.
    func pauseSending() throws {
        state.withLock { $0.isPaused = true }
        try eventually("everything is answered") { state.withLock { $0.busy == 0 } }
    }

    /// Resumes sending.
    func resumeSending() { state.withLock { $0.isPaused = false } }

    /// Ends ``run()``.
    func stop() { state.withLock { $0.isOver = true } }

    private enum Turn {
        case send(Int)
        case wait
        case end
    }

    private func take() -> Turn {
        state.withLock { state in
            if state.isOver { return .end }
            if state.isPaused { return .wait }
            state.next += 1
            state.busy += 1
            return .send(state.next - 1)
        }
    }

    private func work() -> [Outcome] {
        var outcomes: [Outcome] = []
        var connection: HTTPConnection?
        while true {
            switch take() {
            case .end: return outcomes
            case .wait: pause(.milliseconds(2))
            case .send(let number):
                let isPost = number.isMultiple(of: 10)
                let ending = send(number, isPost: isPost, on: &connection)
                outcomes.append(Outcome(number: number, isPost: isPost, ending: ending))
                state.withLock { $0.busy -= 1 }
            }
        }
    }

    private func send(_ number: Int, isPost: Bool, on connection: inout HTTPConnection?) -> Outcome.Ending {
        do {
            let open = try connection ?? server.connect()
            connection = open
            let body = isPost ? Array("number \(number)".utf8) : nil
            let answer = try open.exchange(isPost ? "POST" : "GET", target, [("X-Call", "\(number)")], body: body)
            if answer["connection"]?.lowercased() == "close" { connection = nil }
            guard let pid = answer["x-pid"].flatMap({ Int($0) }) else {
                return .problem(status: answer.status, stage: (try? answer.json["stage"]?.text) ?? "none")
            }
            state.withLock { state in
                state.pid = pid
                state.revision = answer["x-revision"] ?? ""
                state.most = max(state.most, answer["x-most"].flatMap { Int($0) } ?? 0)
            }
            return .answered
        } catch {
            connection = nil
            return .broken("\(error)")
        }
    }
}

/// The executions that the function has logged.
struct Executions {
    /// The number of executions of each request, by its number.
    let counts: [Int: Int]

    /// Reads the function's file `EXECUTIONS`, which exists after the first execution.
    init(file: String) {
        var counts: [Int: Int] = [:]
        for line in ((try? Files.read(file)) ?? "").split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 3, let number = Int(words[1]) { counts[number, default: 0] += 1 }
        }
        self.counts = counts
    }
}

extension [Load.Outcome] {
    /// The outcomes of requests without a response of the function.
    var failed: [Load.Outcome] { filter { $0.ending != .answered } }
    /// The number of failed requests, by method and ending.
    var endings: String {
        var counts: [String: Int] = [:]
        for outcome in failed { counts["\(outcome.isPost ? "POST" : "GET") \(outcome.ending)", default: 0] += 1 }
        return counts.isEmpty
            ? "none" : counts.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
    }
}
