import ProcessSupport
import Synchronization

/// Runs kubectl and scripts/cluster, each with a timeout.
struct Kubectl: Sendable {
    struct Failed: Error, CustomStringConvertible {
        let command: String
        let status: Int
        let output: String
        var description: String { "\(command) ended with \(status): \(output)" }
    }

    let kubeconfig: String
    /// The folder for its files.
    let folder: String

    private static let runs = Atomic(0)

    /// Runs `kubectl` and returns its output.
    /// - Parameter input: the input of `-f -`; it is passed as a file at the end of the arguments.
    @discardableResult
    func callAsFunction(_ arguments: String..., input: String? = nil, within limit: Duration = .seconds(30)) throws
        -> String
    {
        try run(arguments, input: input, within: limit)
    }

    func run(_ arguments: [String], input: String? = nil, within limit: Duration = .seconds(30)) throws -> String {
        var command = ["kubectl", "--kubeconfig=\(kubeconfig)"] + arguments
        if let input {
            let file = "\(folder)/input-\(Self.runs.add(1, ordering: .relaxed).newValue)"
            try Files.write(input, to: file)
            command += ["--filename=\(file)"]
        }
        return try Self.run(command, in: folder, within: limit)
    }

    /// Runs `kubectl` and returns its output as JSON.
    func json(_ arguments: String..., within limit: Duration = .seconds(30)) throws -> JSONValue {
        try JSONValue(Array(try run(arguments + ["--output=json"], within: limit).utf8))
    }

    /// Applies a manifest.
    func apply(_ manifest: String, within limit: Duration = .seconds(60)) throws {
        _ = try run(["apply"], input: manifest, within: limit)
    }

    /// Runs a program and returns its output.
    /// - Throws: ``Failed`` with the output and the errors if the exit status is not 0.
    static func run(_ command: [String], in folder: String, within limit: Duration) throws -> String {
        let number = runs.add(1, ordering: .relaxed).newValue
        let (output, errors) = ("\(folder)/output-\(number)", "\(folder)/errors-\(number)")
        let process = try ChildProcess(command, output: output, errors: errors)
        defer { process.end() }
        let status = try process.waitForEnd(within: limit)
        let text = try Files.read(output)
        guard status == 0 else {
            let shown = command.prefix(8).joined(separator: " ")
            throw Failed(command: shown, status: status, output: String((try Files.read(errors) + text).suffix(2000)))
        }
        return text
    }
}
