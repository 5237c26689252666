import ProcessSupport
import Synchronization

/// Requests from several connections that go on until they are told to stop. Every tenth is a POST; each has a number,
/// so that the function's own account tells which were executed, and how often.
final class Load: Sendable {
    /// What became of one request.
    struct Outcome: Sendable {
        enum Ending: Sendable, Equatable {
            /// The function answered.
            case answered
            /// F2S answered with a problem document.
            case problem(status: Int, stage: String)
            /// There was no answer.
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

    /// Requests that were begun.
    var count: Int { state.withLock { $0.next - 1 } }
    /// Process that answered last.
    var pid: Int { state.withLock { $0.pid } }
    /// Revision that answered last: the function's `REVISION`.
    var revision: String { state.withLock { $0.revision } }
    /// The most requests at once that a process has seen.
    var most: Int { state.withLock { $0.most } }

    /// Sends until ``stop()``, and says what became of each request.
    func run() async throws -> [Outcome] { try await atOnce(connections) { _ in self.work() }.flatMap(\.self) }

    /// Sends nothing more, and returns when everything is answered.
    func pauseSending() throws {
        state.withLock { $0.isPaused = true }
        try eventually("everything is answered") { state.withLock { $0.busy == 0 } }
    }

    /// Goes on.
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

/// What the function has written down about its executions.
struct Executions {
    /// How often each request was executed, by its number.
    let counts: [Int: Int]

    /// Reads the function's `EXECUTIONS`, which it makes with the first one.
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
    /// Those that were not answered by the function.
    var failed: [Load.Outcome] { filter { $0.ending != .answered } }
    /// How often each ending occurred.
    var endings: String {
        var counts: [String: Int] = [:]
        for outcome in failed { counts["\(outcome.isPost ? "POST" : "GET") \(outcome.ending)", default: 0] += 1 }
        return counts.isEmpty
            ? "none" : counts.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
    }
}
