import ArgumentParser
import F2SClient
import F2SModel

/// `f2s apply`: creates or changes functions.
struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Create or change the functions of a manifest.",
        discussion: """
            A file may contain several documents. If any of them has an error, none is applied.

            --wait returns when target.minReplicas replicas of the applied revision are ready, and at least one: with \
            minReplicas 0, F2S starts one. --wait=declared requires only target.minReplicas replicas and starts none \
            by itself.
            """)

    @Option(
        name: [.customShort("f"), .customLong("file")],
        help: ArgumentHelp("A manifest in YAML or JSON; - is standard input. May be repeated.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml", "json"]))
    var files: [String]

    @Option(
        help: ArgumentHelp(
            "Return when every function is ready (--wait), or when F2S has observed it (--wait=declared).",
            valueName: "ready|declared"))
    var wait: WaitGoal?

    @Option(help: ArgumentHelp("The longest time that --wait waits for all functions.", valueName: "duration"))
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

    /// The maximum number of functions that are applied at once. Each request waits until the platform has stored one.
    private static let atOnceMax = 16

    /// Applies the functions, several at once, and reports them in the order of the manifest.
    /// - Returns: The functions that are stored and can be invoked.
    /// - Throws: ``ClientError`` when the server cannot be reached. After a rejected function, the others are still
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
                    // The server cannot be reached. Report the functions that were stored before.
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

    /// Returns true if the order does not matter. It matters for two functions with one route, of which the older keeps
    /// the route, and for two declarations of one name, of which the later counts.
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
                Terminal.printError(error.description)
                areReady = false
            }
        }
        if !areReady { throw CommandFailure.reported }
    }
}

/// The server's response to one declaration.
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

    /// Reports the outcome to the user.
    /// - Returns: The function if it is stored and can be invoked.
    func report(_ name: FunctionName) throws -> FunctionRecord? {
        switch self {
        case .refused(let problem):
            Terminal.printError("\(name): \(problem)")
            return nil
        case .stored(let result):
            try Terminal.write("function \(name) \(result.change.rawValue)\n")
            guard let conflict = result.function.condition(Condition.Kind.routeConflict.rawValue), conflict.isTrue
            else { return result.function }
            Terminal.printError("\(name) is stored but cannot be invoked: \(conflict.words)")
            return nil
        }
    }
}
