import Glibc
import ProcessSupport
import Testing

/// A running `f2s serve` with its own folder of manifests.
struct F2SServer: Sendable {
    let process: ChildProcess
    /// The folder of its manifests.
    let folder: String
    /// The folder of its temporary files.
    let temporaryFolder: String
    let port: Int
    let operationsPort: Int
    /// The time of its start in nanoseconds of the monotonic clock.
    let startedAt: Int64

    private let outputFile: String
    private let logFile: String
    private let settingsFile: String

    /// Serves these functions while `body` runs, and removes everything afterwards.
    /// - Parameters:
    ///   - settings: The content of `config.yaml`; `nil`: no file.
    ///   - console: The port of the console on 127.0.0.1; `nil`: there is no console.
    ///   - descriptors: The limit of open files; `nil`: that of this process.
    ///   - options: Further options of `f2s serve`.
    ///   - environment: Further variables.
    static func serve<Result>(
        _ functions: [FunctionManifest], settings: String? = nil, console: Int? = nil, descriptors: Int? = nil,
        options: [String] = [], environment: [String] = [], _ body: (F2SServer) async throws -> Result
    ) async throws -> Result {
        let home = try TemporaryFolder()
        defer { home.remove() }
        try Files.makeFolder(home.path + "/functions")
        for function in functions { try Files.write(function.yaml, to: "\(home.path)/functions/\(function.name).yaml") }
        return try await serve(
            folder: home.path + "/functions", home: home.path, settings: settings, descriptors: descriptors,
            options: (console.map { ["--console", "127.0.0.1:\($0)"] } ?? []) + options, environment: environment, body)
    }

    /// Serves an existing folder. The caller removes it and everything in `home`.
    /// - Parameter program: The command that starts f2s; `nil`: the path of the release build.
    static func serve<Result>(
        folder: String, home: String, settings: String? = nil, descriptors: Int? = nil, options: [String] = [],
        environment: [String] = [], program: [String]? = nil, _ body: (F2SServer) async throws -> Result
    ) async throws -> Result {
        let server = try F2SServer(
            folder: folder, home: home, settings: settings, descriptors: descriptors, options: options,
            environment: environment, program: program)
        defer { server.end() }
        do {
            return try await body(server)
        } catch {
            print("f2s has logged:\n\(server.logTail)")
            throw error
        }
    }

    private init(
        folder: String, home: String, settings: String?, descriptors: Int?, options: [String], environment: [String],
        program: [String]?
    ) throws {
        self.folder = folder
        temporaryFolder = home + "/t"
        logFile = home + "/f2s.log"
        settingsFile = home + "/config.yaml"
        let output = home + "/f2s.out"
        outputFile = output
        try Files.makeFolder(temporaryFolder)
        var command = try program ?? [Workshop.current.f2s]
        command += ["serve", "--folder", folder]
        command += ["--listen", "127.0.0.1:0", "--console", "none", "--operations", "127.0.0.1:0"] + options
        if let settings {
            try Files.write(settings, to: settingsFile)
            command += ["--config", settingsFile]
        }
        if let descriptors { command = ["sh", "-c", "ulimit -n \(descriptors) && exec \"$0\" \"$@\""] + command }
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        startedAt = monotonicNanoseconds()
        let process = try ChildProcess(
            command, environment: ["PATH=\(path)", "HOME=\(home)", "TMPDIR=\(temporaryFolder)"] + environment,
            output: output, errors: logFile)
        self.process = process
        do {
            (port, operationsPort) = try eventually("f2s serves", within: .seconds(30)) {
                if let status = try process.endIfOver() {
                    throw ChildProcess.Failure(program: "f2s serve", reason: "ended with exit status \(status)")
                }
                let text = try Files.read(output)
                guard
                    let port = Self.port(after: "F2S serves http://127.0.0.1:", in: text)
                        ?? Self.port(after: "F2S serves https://127.0.0.1:", in: text),
                    let operationsPort = Self.port(after: "Metrics at http://127.0.0.1:", in: text)
                else { return nil }
                return (port, operationsPort)
            }
            // Until the launcher has taken its name, it looks like a replica. With few descriptors it may never start.
            if descriptors == nil { _ = try launcher() }
        } catch {
            print("f2s has logged:\n\((try? Files.read(home + "/f2s.log")) ?? "")")
            process.end()
            throw error
        }
    }

    private static func port(after words: String, in text: String) -> Int? {
        guard let range = text.firstRange(of: words) else { return nil }
        let digits = text[range.upperBound...].prefix { $0.isNumber }
        // The line must be complete. Otherwise the port might be incomplete.
        return digits.endIndex < text.endIndex ? Int(digits) : nil
    }

    /// Returns the port that f2s has announced on its standard output after these words, as soon as it has.
    func announcedPort(after words: String) throws -> Int {
        try eventually("f2s announces a port after \(words)") {
            Self.port(after: words, in: try Files.read(outputFile))
        }
    }

    /// The newest log lines.
    var logTail: String { String(log.suffix(16_384)) }

    /// Everything on standard output.
    var output: String { (try? Files.read(outputFile)) ?? "" }

    /// The whole log.
    var log: String { (try? Files.read(logFile)) ?? "" }

    /// All descendants except launchers, of which one exists as long as f2s runs.
    var descendants: [ProcessTable.Entry] { family.filter { !Self.isLauncher($0.id) } }

    /// All descendants.
    var family: [ProcessTable.Entry] { ProcessTable.descendants(of: process.id) }

    /// Returns the process of the launcher.
    func launcher() throws -> pid_t {
        try eventually("it has a launcher") { family.first { !$0.isZombie && Self.isLauncher($0.id) }?.id }
    }

    private static func isLauncher(_ process: pid_t) -> Bool {
        (try? Files.read("/proc/\(process)/comm")) == "f2s-launcher\n"
    }

    /// Ends f2s with SIGTERM, then with SIGKILL, and kills its remaining descendants.
    private func end() {
        let left = family
        process.send(signal: SIGTERM)
        _ = try? process.waitForEnd(within: .seconds(15))
        process.end()
        for entry in ProcessTable.running(left) { kill(entry.id, SIGKILL) }
    }
}

// Requests to the server.
extension F2SServer {
    func connect(silence: Duration = .seconds(30)) throws -> HTTPConnection {
        try HTTPConnection(port: port, silence: silence)
    }

    /// Sends a request on a new connection and returns the response.
    func exchange(
        _ method: String, _ target: String, _ fields: [(String, String)] = [], body: [UInt8]? = nil
    ) throws -> HTTPAnswer {
        try connect().exchange(method, target, fields, body: body)
    }

    func get(_ target: String) throws -> HTTPAnswer { try exchange("GET", target) }

    /// Sends a declaration to the REST API.
    func declare(
        _ text: String, _ method: String = "POST", _ target: String = "/functions", type: String = "application/yaml",
        _ fields: [(String, String)] = []
    ) throws -> HTTPAnswer {
        try exchange(method, target, [("Content-Type", type)] + fields, body: Array(text.utf8))
    }

    /// Replaces a manifest as an editor does.
    func edit(_ function: FunctionManifest) throws {
        try Files.replace("\(folder)/\(function.name).yaml", with: function.yaml)
    }

    /// Replaces the settings as an editor does. The server must have been started with settings.
    func replaceSettings(_ text: String) throws { try Files.replace(settingsFile, with: text) }

    /// Returns the sum of the time series with this name and these labels.
    func metric(_ name: String, _ labels: [String] = []) throws -> Double {
        let text = try HTTPConnection(port: operationsPort).exchange("GET", "/metrics").text
        return text.split(separator: "\n").reduce(0) { sum, line in
            guard line.hasPrefix(name), [" ", "{"].contains(line.dropFirst(name.count).prefix(1)),
                labels.allSatisfy({ line.contains($0) }), let value = line.split(separator: " ").last
            else { return sum }
            return sum + (Double(value) ?? 0)
        }
    }

    /// Returns the number of ready replicas of a function.
    func readyReplicas(of function: String) throws -> Int {
        let items = try get("/deployments").json["items"]?.list ?? []
        return items.first { $0["function"]?.text == function }?["ready"]?.number ?? 0
    }
}
