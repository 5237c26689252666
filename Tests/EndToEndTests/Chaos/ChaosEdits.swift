import F2SModel
import Glibc
import ProcessSupport

/// Edits manifests and settings, deletes functions and declares them again, and kills replicas, until the tally's end.
/// A rollout that does not complete is a finding.
struct ChaosEdits: Sendable {
    /// An edit whose revision has not responded yet.
    private struct Rollout: Sendable {
        let revision: Int
        let since: Int64
        var isReported = false
    }

    /// The minimum time between two kills of a function's replicas. A replica that has run for this time is replaced at
    /// once.
    private static let killInterval: Int64 = 15_000_000_000
    /// The time limit of a rollout. Draining takes two seconds, ending a stubborn replica two more.
    private static let rolloutLimit: Int64 = 10_000_000_000

    private let server: F2SServer
    private let functions: [ChaosFunction]
    private let tally: ChaosTally
    private let home: String
    private var random: SplitMix64
    private var revision = 0
    private var killed: [String: Int64] = [:]
    private var rollouts: [String: Rollout] = [:]
    private(set) var counts: [String: Int] = [:]
    /// The longest time from an edit to the first response of its revision.
    private(set) var slowestRollout: Int64 = 0

    init(seed: UInt64, on server: F2SServer, home: String, _ functions: [ChaosFunction], _ tally: ChaosTally) {
        self.server = server
        self.home = home
        self.functions = functions
        self.tally = tally
        random = SplitMix64(seed: seed)
    }

    /// Makes edits until the tally's end, then declares every function once more.
    mutating func run() throws {
        while !tally.end.isRaised {
            let function = functions.randomElement(using: &random) ?? functions[0]
            switch Int.random(in: 0..<10, using: &random) {
            case 0...3: try edit(function)
            case 4...5: try deleteAndDeclare(function)
            case 6...7: try killReplica(of: function)
            case 8: try reload()
            default: try attempt(at: function)
            }
            watchRollouts()
            pause(.milliseconds(Int.random(in: 20...400, using: &random)))
        }
        for function in functions { try server.edit(function.edited(revision)) }
    }

    private mutating func count(_ what: String) { counts[what, default: 0] += 1 }

    private mutating func edit(_ function: ChaosFunction) throws {
        revision += 1
        try server.edit(function.edited(revision))
        if function.isCalm, rollouts[function.name] == nil {
            rollouts[function.name] = Rollout(revision: revision, since: monotonicNanoseconds())
        }
        count("edits")
    }

    private mutating func deleteAndDeclare(_ function: ChaosFunction) throws {
        let path = "\(server.folder)/\(function.name).yaml"
        guard unlink(path) == 0 else { throw ChildProcess.Failure(program: path, reason: "cannot be deleted") }
        pause(.milliseconds(Int.random(in: 0...1500, using: &random)))
        count("deletions")
        rollouts[function.name] = nil
        try edit(function)
    }

    private mutating func killReplica(of function: ChaosFunction) throws {
        let now = monotonicNanoseconds()
        if function.isCalm, let last = killed[function.name], now - last < Self.killInterval { return }
        let replicas = try server.get("/functions/\(function.name)/why").json["replicas"]?.list ?? []
        let processes = replicas.compactMap { $0["processID"]?.number }.map { pid_t($0) }
        guard let victim = processes.randomElement(using: &random) else { return }
        guard server.descendants.contains(where: { $0.id == victim }) else { return }
        killed[function.name] = now
        // F2S must recover from a stopped launcher, with a delay as the only effect.
        let isStopped = Int.random(in: 0..<4, using: &random) == 0
        if isStopped { kill(try server.launcher(), SIGSTOP) }
        kill(victim, SIGKILL)
        count(isStopped ? "kills while the launcher is stopped" : "kills")
    }

    private mutating func reload() throws {
        let text = ChaosSettings.text(loops: nil, httpTimeout: Int.random(in: 20_000...30_000, using: &random))
        try Files.replace(home + "/config.yaml", with: text)
        count("reloads")
    }

    private mutating func attempt(at function: ChaosFunction) throws {
        for path in ["/functions", "/functions/\(function.name)/why", "/dispatcher", "/deployments"] {
            let status = try server.get(path).status
            if ![200, 404].contains(status) { tally.find("\(path): \(status)") }
        }
        count("API reads")
    }

    /// Checks the rollouts in progress. Every function gets requests all the time, so a new revision responds soon.
    private mutating func watchRollouts() {
        let now = monotonicNanoseconds()
        let answered = tally.counts.revisions
        for (name, rollout) in rollouts {
            let time = now - rollout.since
            if answered[name] ?? 0 >= rollout.revision {
                slowestRollout = max(slowestRollout, time)
                rollouts[name] = nil
            } else if time > Self.rolloutLimit, !rollout.isReported {
                rollouts[name]?.isReported = true
                let why = (try? server.get("/functions/\(name)/why").text) ?? "no answer"
                let facts = why.split(whereSeparator: \.isWhitespace).joined(separator: " ")
                tally.find(
                    "\(name): revision \(rollout.revision) has not responded for \(time.milliseconds): \(facts); "
                        + "threads: \(server.process.threads); log: \(server.log.suffix(4000))")
            }
        }
    }
}

/// The file `config.yaml` of the chaos run.
enum ChaosSettings {
    /// Returns the content of the file.
    /// - Parameter loops: The number of event loops, which applies from the next start; `nil`: unchanged.
    static func text(loops: Int?, httpTimeout: Int = 30_000) -> String {
        """
        f2s:
          \(loops.map { "loops: \($0)" } ?? "shutdown_delay: 0")
          timeouts:
            http_timeout: \(httpTimeout)
            abandoned_timeout: 3000
          limits:
            drain_timeout: 2000

        """
    }
}
