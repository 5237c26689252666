import F2SModel

/// The specification from which a replica is started: all properties of a function that its process can observe.
struct LaunchSpec: Sendable, Hashable {
    /// The reason why no process can be started from a declaration. Only an edit of it helps.
    struct Obstacle: Sendable, Hashable {
        /// The reason of the start failure.
        let reason: String
        /// Its message: what is wrong and what to do.
        let message: String
    }

    let function: Function.ID
    let name: FunctionName
    let revision: Revision
    /// The generation of the declaration, which increases with each edit.
    let generation: Int
    /// The obstacle to a start; `nil` if there is none.
    let obstacle: Obstacle?
    /// The program and its arguments; `nil` if the function has only an image, which is an obstacle.
    let command: [String]?
    /// The files of a function from source text.
    let source: SourceCode?
    /// The manifest's own variables.
    let environment: [String: String]
    /// The folder in which the process runs. For a function from source text it is the folder of the files, once they
    /// are written.
    var workingFolder: String?
    /// True if the function names Secrets, which do not exist on this machine.
    let namesSecrets: Bool
    /// The readiness probe; `nil` if a replica is ready as soon as it listens.
    let probe: ReadinessProbe?
    /// The longest time until a replica is ready; `nil` for the policy's time.
    let startTimeout: Duration?
    /// The time between SIGTERM and SIGKILL.
    let stopTimeout: Duration

    /// Creates the specification of `function`. Its stop timeout is at most `stopTimeout`.
    init(_ function: Function, stopTimeout: Duration) {
        self.function = function.id
        name = function.name
        revision = function.revision
        generation = function.generation
        obstacle = Self.obstacle(to: function)
        command = function.target.command ?? function.target.source?.command
        source = function.target.source
        environment = function.target.environment
        namesSecrets = !function.target.secrets.isEmpty
        workingFolder = function.origin.workingFolder
        probe = function.target.readinessProbe
        startTimeout = function.target.startTimeout
        self.stopTimeout = min(function.target.timeout ?? stopTimeout, stopTimeout)
    }

    private static func obstacle(to function: Function) -> Obstacle? {
        guard function.target.command ?? function.target.source?.command != nil else {
            return Obstacle(
                reason: "NoCommand",
                message: "\(function.name) has an image but no command, and without Kubernetes F2S runs commands. "
                    + "Add target.command, for example [python3, \(function.name).py].")
        }
        let required = function.target.environmentSources.filter { !$0.isOptional }.map(\.description)
        guard !required.isEmpty else { return nil }
        return Obstacle(
            reason: "NeedsKubernetes",
            message: "\(function.name) needs objects of Kubernetes, which do not exist on this machine: target.envFrom "
                + "names \(required.joined(separator: ", ")). Use target.env here, or add optional: true.")
    }

    /// The command as a user would type it, shortened to 80 characters.
    var commandText: String {
        let text = (command ?? []).joined(separator: " ")
        return text.count > 80 ? String(text.prefix(77)) + "..." : text
    }

    /// Returns the whole environment of a replica. The manifest cannot override `PORT`, `F2S_FUNCTION` and
    /// `F2S_REPLICA`, on which F2S depends; it can override all other variables.
    func environment(inherited: [String: String], replica: Replica.ID, port: Int) -> [String: String] {
        var all = LocalOptions.defaultVariables
        all.merge(inherited.filter { LocalOptions.passedVariables.contains($0.key) }) { _, passed in passed }
        all.merge(ownVariables(port: port)) { _, own in own }
        // Runtimes listen on every address by default.
        if source?.runtime != nil, all["HOST"] == nil { all["HOST"] = "127.0.0.1" }
        all["F2S_FUNCTION"] = name.text
        all["F2S_REPLICA"] = replica.text
        return all
    }

    /// Returns the program and its arguments, with references to the manifest's own variables and `PORT` expanded.
    func arguments(port: Int) -> [String] {
        let variables = ownVariables(port: port)
        return (command ?? []).map { $0.expandingVariables(variables) }
    }

    /// Returns the manifest's own variables and `PORT`. On Kubernetes, a container's command may refer to them, too.
    private func ownVariables(port: Int) -> [String: String] {
        var variables = environment
        variables["PORT"] = "\(port)"
        return variables.expandingVariables
    }
}
