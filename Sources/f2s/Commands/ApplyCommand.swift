import ArgumentParser
import F2SClient
import F2SModel

/// `f2s apply`: declares functions.
struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Create or change the functions of a manifest.",
        discussion: """
            A file may hold several documents. With a mistake in any of them, none is applied.

            --wait returns when as many replicas of what was applied take invocations as target.minReplicas says, \
            and at least one: with minReplicas 0, one is started for it. With --wait=declared, a function that has \
            nothing to run yet is not started.
            """)

    @Option(
        name: [.customShort("f"), .customLong("file")],
        help: ArgumentHelp("A manifest in YAML or JSON; - is standard input. May be repeated.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml", "json"]))
    var files: [String]

    @Option(
        help: ArgumentHelp(
            "Return when every function is ready (--wait alone), or when F2S knows it (--wait=declared).",
            valueName: "ready|declared"))
    var wait: WaitGoal?

    @Option(help: ArgumentHelp("How long --wait waits for all of them.", valueName: "duration"))
    var timeout = DurationArgument(.seconds(60))

    @OptionGroup var server: ServerOptions

    func run() async throws {
        let manifests = try Manifests(files, purpose: "applied")
        try await server.withClient { client in
            let applied = try await applyAll(manifests.drafts, client)
            if let wait { try await waitForAll(applied, wait, client) }
            if applied.count < manifests.drafts.count { throw CommandFailure.reported }
        }
    }

    /// Most functions that are applied at once: each one waits until the platform has stored it.
    private static let atOnceMax = 16

    /// Applies the functions, several at once, and reports each in the order of the manifest.
    /// - Returns: those that are stored and are invoked.
    /// - Throws: ``ClientError`` when the server is gone. A refused function does not keep the others from being
    ///   applied.
    private func applyAll(_ drafts: [FunctionDraft], _ client: FunctionClient) async throws -> [FunctionRecord] {
        let atOnce = Self.isOrderFree(drafts) ? Self.atOnceMax : 1
        var applied: [FunctionRecord] = []
        try await withThrowingTaskGroup(of: (Int, Outcome).self) { group in
            var ended: [Int: Outcome] = [:]
            var (begun, running, reported) = (0, 0, 0)
            while reported < drafts.count {
                while begun < drafts.count, running < atOnce {
                    let (number, draft) = (begun, drafts[begun])
                    group.addTask { (number, try await Outcome(applying: draft, client)) }
                    begun += 1
                    running += 1
                }
                let ending: (Int, Outcome)?
                do {
                    ending = try await group.next()
                } catch {
                    // The server is gone. What is stored is stored.
                    for number in ended.keys.sorted() { _ = try ended[number]?.report(drafts[number].name) }
                    throw error
                }
                guard let (number, outcome) = ending else { break }
                running -= 1
                ended[number] = outcome
                while let outcome = ended.removeValue(forKey: reported) {
                    if let function = try outcome.report(drafts[reported].name) { applied.append(function) }
                    reported += 1
                }
            }
        }
        return applied
    }

    /// Returns true if the order does not matter: of two functions with one route the older keeps it, and of two
    /// declarations of one name the later counts.
    private static func isOrderFree(_ drafts: [FunctionDraft]) -> Bool {
        Set(drafts.map(\.name)).count == drafts.count && Set(drafts.map(\.route)).count == drafts.count
    }

    private func waitForAll(
        _ functions: [FunctionRecord], _ goal: WaitGoal, _ client: FunctionClient
    ) async throws {
        let deadline = ContinuousClock.now.advanced(by: timeout.value)
        var areReady = true
        for function in functions {
            do {
                try await client.waitUntilReady(function, goal: goal, timeout: max(.zero, deadline - .now))
                try Terminal.write("function \(function.name) \(goal.rawValue)\n")
            } catch let error as ClientError {
                Terminal.complain(error.description)
                areReady = false
            }
        }
        if !areReady { throw CommandFailure.reported }
    }
}

/// The server's answer to one declaration.
private enum Outcome: Sendable {
    case stored(Applied)
    case refused(ServerProblem)

    init(applying draft: FunctionDraft, _ client: FunctionClient) async throws {
        do {
            self = .stored(try await client.apply(draft))
        } catch let ClientError.refused(problem) {
            self = .refused(problem)
        }
    }

    /// Tells the user.
    /// - Returns: the function if it is stored and is invoked.
    func report(_ name: FunctionName) throws -> FunctionRecord? {
        switch self {
        case .refused(let problem):
            Terminal.complain("\(name): \(problem)")
            return nil
        case .stored(let result):
            try Terminal.write("function \(name) \(result.change.rawValue)\n")
            guard let conflict = result.function.condition(Condition.Kind.routeConflict.rawValue), conflict.isTrue
            else { return result.function }
            Terminal.complain("\(name) is stored and is not invoked: \(conflict.words)")
            return nil
        }
    }
}
