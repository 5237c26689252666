import F2SModel

/// What a replica is started from: everything about a function that its process can notice.
struct Launch: Sendable, Hashable {
    let function: Function.ID
    let name: FunctionName
    let revision: Revision
    /// Which edit of the declaration it is.
    let generation: Int
    /// Program and arguments; `nil` when the function has only an image, which Local cannot run.
    let command: [String]?
    /// The manifest's own variables.
    let environment: [String: String]
    let workingFolder: String?
    /// Whether it names Secrets, which are not given on this machine.
    let namesSecrets: Bool
    /// How it is asked whether it is ready; `nil`: it is when it listens.
    let probe: ReadinessProbe?
    /// Longest time until it is ready; `nil`: that of the policy.
    let startTimeout: Duration?
    /// Time between SIGTERM and SIGKILL.
    let stopTimeout: Duration

    /// How to start `function`; no stop takes longer than `stopTimeout`.
    init(_ function: Function, stopTimeout: Duration) {
        self.function = function.id
        name = function.name
        revision = function.revision
        generation = function.generation
        command = function.target.command
        environment = function.target.environment
        namesSecrets = !function.target.secrets.isEmpty
        workingFolder = function.origin.workingFolder
        probe = function.target.readinessProbe
        startTimeout = function.target.startTimeout
        self.stopTimeout = min(function.target.timeout ?? stopTimeout, stopTimeout)
    }

    /// The command as a user would type it, shortened to 80 characters.
    var commandText: String {
        let text = (command ?? []).joined(separator: " ")
        return text.count > 80 ? String(text.prefix(77)) + "..." : text
    }

    /// The whole environment of a replica. What F2S itself says cannot be overridden, because it is how a replica and
    /// F2S meet; all else can.
    func environment(inherited: [String: String], replica: Replica.ID, port: Int) -> [String: String] {
        var all = LocalOptions.defaultVariables
        all.merge(inherited.filter { LocalOptions.passedVariables.contains($0.key) }) { _, passed in passed }
        all.merge(ownVariables(port: port)) { _, own in own }
        all["F2S_FUNCTION"] = name.text
        all["F2S_REPLICA"] = replica.text
        return all
    }

    /// The program and its arguments, with references to the manifest's own variables and `PORT` expanded.
    func arguments(port: Int) -> [String] {
        let variables = ownVariables(port: port)
        return (command ?? []).map { $0.expandingVariables(variables) }
    }

    /// The manifest's own variables and `PORT`: those to which the command of a container on Kubernetes may refer too.
    private func ownVariables(port: Int) -> [String: String] {
        var variables = environment
        variables["PORT"] = "\(port)"
        return variables.expandingVariables
    }
}
