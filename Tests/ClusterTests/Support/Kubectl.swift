import ProcessSupport
import Synchronization

/// Runs kubectl and scripts/cluster, with a bound on how long each may take.
struct Kubectl: Sendable {
    struct Failed: Error, CustomStringConvertible {
        let command: String
        let status: Int
        let output: String
        var description: String { "\(command) ended with \(status): \(output)" }
    }

    let kubeconfig: String
    /// Where it makes its files.
    let folder: String

    private static let runs = Atomic(0)

    /// What `kubectl` prints.
    /// - Parameter input: what `-f -` would read; it is given as a file at the end.
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

    /// The same as JSON.
    func json(_ arguments: String..., within limit: Duration = .seconds(30)) throws -> JSONValue {
        try JSONValue(Array(try run(arguments + ["--output=json"], within: limit).utf8))
    }

    /// Applies a manifest.
    func apply(_ manifest: String, within limit: Duration = .seconds(60)) throws {
        _ = try run(["apply"], input: manifest, within: limit)
    }

    /// What a program prints, errors included when it fails.
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
