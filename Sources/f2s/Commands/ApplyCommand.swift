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
            var applied: [FunctionRecord] = []
            for draft in manifests.drafts {
                do {
                    let result = try await client.apply(draft)
                    try Terminal.write("function \(draft.name) \(result.change.rawValue)\n")
                    if let conflict = result.function.condition(Condition.Kind.routeConflict.rawValue), conflict.isTrue
                    {
                        Terminal.complain("\(draft.name) is stored and is not invoked: \(conflict.words)")
                    } else {
                        applied.append(result.function)
                    }
                } catch let ClientError.refused(problem) {
                    // The others are applied all the same; a server that is gone ends the command.
                    Terminal.complain("\(draft.name): \(problem)")
                }
            }
            if let wait { try await waitForAll(applied, wait, client) }
            if applied.count < manifests.drafts.count { throw CommandFailure.reported }
        }
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
