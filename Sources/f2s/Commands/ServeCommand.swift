import ArgumentParser
import CLinux
import F2SModel
import FoundationEssentials
import Glibc
import Logging
import UnixSignals

extension ServeOptions.PlatformName: ExpressibleByArgument {}

/// `f2s serve`: serves functions.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", _superCommandName: "f2s", abstract: "Serve the declared functions.",
        discussion: """
            On one machine, F2S watches a folder and serves every manifest in it (*.yaml, *.yml, *.json). On \
            Kubernetes, it serves every Function resource of a namespace. Functions are invoked at /invoke/<endpoint> \
            and managed at /functions.
            """)

    @Option(help: "The platform that stores and runs the functions.")
    var platform = ServeOptions.PlatformName.local

    @Option(help: "Local: the folder of the manifests.")
    var folder = "functions"

    @Option(help: "Address to listen on, IP:PORT. Port 0 selects a free port.")
    var listen = "127.0.0.1:8080"

    @Option(
        help: ArgumentHelp(
            "Address of the management API, IP:PORT; --listen then serves /invoke and /health. (default: --listen)",
            valueName: "management"))
    var management: String?

    @Option(
        help: "Address of the console, the pages for users and their API, IP:PORT. \(Self.noAddress): no console.")
    var console = "127.0.0.1:8090"

    @Option(help: "Address of /metrics and /ready, IP:PORT.")
    var operations = "127.0.0.1:8081"

    @Option(help: "Kubernetes: address for other F2S processes and for the hooks of pods that end, IP:PORT.")
    var `internal` = "127.0.0.1:8082"

    @Flag(help: "Allow addresses that other machines reach, without authentication. Every client can then run code.")
    var allowUnauthenticated = false

    @Option(help: "Kubernetes: the namespace of the Function resources. (default: $POD_NAMESPACE, else f2s)")
    var namespace: String?

    @Option(help: "Kubernetes: the namespace of the functions' pods.")
    var functionsNamespace = "f2s-containers"

    @Option(
        help: """
            Kubernetes: the kubeconfig file for the API server. (default: $KUBECONFIG, else the pod's service account, \
            else ~/.kube/config)
            """)
    var kubeconfig: String?

    @Option(
        help: ArgumentHelp(
            "Kubernetes: address that pods call to be drained. (default: the address of Service f2s-internal)",
            valueName: "ip:port"))
    var drainAddress: String?

    @Option(
        help: ArgumentHelp(
            """
            Kubernetes: file with the token by which F2S processes authenticate to each other. It is read again when \
            it changes. (default: $F2S_INTERNAL_TOKEN, else the Secret f2s-internal)
            """, valueName: "file"))
    var internalTokenFile: String?

    @Option(
        help: ArgumentHelp(
            "File of settings, read again when it changes. (default: \(ServeOptions.configDefault), if it exists)",
            valueName: "config"))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "Kubernetes: the ConfigMap behind --config. F2S watches it and stores the last good settings in it.",
            valueName: "name"))
    var settingsConfigMap: String?

    @Option(
        name: .customLong("pull-secret"),
        help: ArgumentHelp(
            "Kubernetes: a Secret with which nodes pull the images of functions. May be repeated.", valueName: "name"))
    var pullSecrets: [String] = []

    @Option(
        help: ArgumentHelp(
            """
            Kubernetes: issue an API token of this group if the installation never had one, and store it in the Secret \
            f2s-initial-token.
            """, valueName: "group"))
    var initialTokenGroup: String?

    @Flag(
        help: """
            Kubernetes: let callers write Secrets for functions. F2S then needs the rights to create, update and \
            delete Secrets in --functions-namespace.
            """)
    var writeSecrets = false

    @Flag(
        help: """
            For containers: serve in a child process, and restart it at once after a crash. New connections wait \
            meanwhile.
            """)
    var restartOnCrash = false

    @Option(help: .hidden)
    var inheritedSockets: String?

    @Flag(help: .hidden)
    var restarted = false

    /// The value of `--console` for no console.
    private static let noAddress = "none"

    /// The text of the console's address; `nil` if there is no console.
    var consoleAddress: String? { console == Self.noAddress ? nil : console }

    func run() async throws {
        let handover = inheritedSockets.flatMap { SocketHandover($0) }
        guard handover?.accept() != false else { return }
        signal(SIGPIPE, SIG_IGN)
        FileLimit.raise()
        HeapSettings.keepSmall()
        // A process that outlives the launcher becomes a child of this process, which ends it. Without this right, the
        // system gives it to another parent.
        _ = f2s_adopt_orphans()
        // The environment may contain settings and tokens, and functions are processes of the same user.
        _ = f2s_hide_memory()
        f2s_keep_spare_descriptors()
        let (logs, writer) = (LogOutput(), LogWriter(STDERR_FILENO))
        LoggingSystem.bootstrap { SettingsLogHandler(label: $0, output: logs, writer: writer) }
        // The reason of a failed start must reach the log.
        defer {
            logs.flush()
            writer.flush()
        }
        var options = try options()
        options.handover = handover
        options.isRestarted = restarted
        let chosen = options
        guard
            let application = try await StartSignals.unlessSignalled({
                try await Application(chosen, logs: logs, errors: writer)
            })
        else { return }
        try await application.run()
    }

    private func options() throws -> ServeOptions {
        ServeOptions(
            platform: platform, folder: folder, listen: try endpoint("--listen", listen),
            operations: try endpoint("--operations", operations),
            management: try management.map { try endpoint("--management", $0) },
            console: try consoleAddress.map { try endpoint("--console", $0) },
            internal: try endpoint("--internal", self.internal),
            allowsUnauthenticated: allowUnauthenticated, namespace: namespace, functionsNamespace: functionsNamespace,
            kubeconfig: kubeconfig, tokenFile: internalTokenFile,
            drainAddress: try drainAddress.map { try address("--drain-address", $0) },
            config: try config.map(settingsPath) ?? ServeOptions.configDefault,
            settingsObject: settingsConfigMap, pullSecrets: pullSecrets, initialTokenGroup: initialTokenGroup,
            writesSecrets: writeSecrets, environment: ProcessInfo.processInfo.environment,
            executable: ServeOptions.currentExecutable())
    }

    /// Requires that a file named by the user exists. Otherwise F2S would serve with unintended settings.
    private func settingsPath(_ path: String) throws -> String {
        guard access(path, F_OK) == 0 else {
            throw ServeError.noSettings(path: path, reason: String(cString: strerror(errno)))
        }
        return path
    }

    private func address(_ option: String, _ text: String) throws -> ServeOptions.Endpoint {
        let endpoint = try endpoint(option, text)
        guard endpoint.isAddress else { throw ServeError.noIPAddress(option: option, host: endpoint.host) }
        return endpoint
    }

    private func endpoint(_ option: String, _ text: String) throws -> ServeOptions.Endpoint {
        guard let endpoint = ServeOptions.Endpoint(text) else {
            throw ServeError.badAddress(option: option, text: text)
        }
        return endpoint
    }
}

/// The settings by which the C library returns memory to the system.
private enum HeapSettings {
    /// The minimum size of a block with its own memory mapping, which is returned when the block is freed. Large
    /// temporary blocks of the control plane, such as a list of hundreds of functions, would otherwise leave permanent
    /// holes in the heap.
    private static let mappedBytesMin: Int32 = 64 * 1024
    /// The maximum number of heaps. Each heap retains the holes of its threads. The data plane, which has most of the
    /// busy threads, allocates nothing in its steady state, so more heaps would not help.
    private static let heapsMax: Int32 = 2

    /// Applies the settings to all later allocations.
    static func keepSmall() {
        // A failure is ignored: the defaults of the C library work, but use more memory.
        _ = f2s_heap_settings(mappedBytesMin, heapsMax)
    }
}

/// Handles SIGTERM and SIGINT until the services run and handle them.
///
/// Without a reachable API server, the setup of the platform may take a minute. A container's first process ignores
/// signals without a handler, so it would be killed only after its grace period.
private enum StartSignals {
    /// Returns the result of `body`, or `nil` if a signal arrived first and `body` was cancelled.
    static func unlessSignalled<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result? {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                for await _ in signals { break }
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }
}
