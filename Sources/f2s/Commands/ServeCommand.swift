import ArgumentParser
import CLinux
import F2SModel
import Glibc
import Logging

extension ServeOptions.PlatformName: ExpressibleByArgument {}

/// `f2s serve`: the platform itself.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", _superCommandName: "f2s", abstract: "Serve the functions that are declared.",
        discussion: """
            On this machine every manifest (*.yaml, *.yml, *.json) under a folder is served, and watched; on \
            Kubernetes every Function resource of a namespace. Functions are invoked at /invoke/<endpoint> and \
            managed at /functions.
            """)

    @Option(help: "Where functions are declared and run.")
    var platform = ServeOptions.PlatformName.local

    @Option(help: "Local: folder of manifests.")
    var folder = "functions"

    @Option(help: "Where to listen, IP:PORT; port 0 picks a free one.")
    var listen = "127.0.0.1:8080"

    @Option(
        help: ArgumentHelp(
            "Where to manage functions, IP:PORT. --listen then serves /invoke and /health only. (default: --listen)",
            valueName: "management"))
    var management: String?

    @Option(help: "Where to serve /metrics and /ready, IP:PORT.")
    var operations = "127.0.0.1:8081"

    @Option(help: "Kubernetes: where to listen to other F2S processes and to pods that end, IP:PORT.")
    var `internal` = "127.0.0.1:8082"

    @Flag(help: "Listen on addresses that others reach, although everybody may declare functions, which runs code.")
    var allowUnauthenticated = false

    @Option(help: "Kubernetes: namespace of the Function resources. (default: $POD_NAMESPACE, else f2s)")
    var namespace: String?

    @Option(help: "Kubernetes: namespace in which functions run.")
    var functionsNamespace = "f2s-containers"

    @Option(
        help: """
            Kubernetes: how to reach the API server. (default: $KUBECONFIG, else the pod's service account, else \
            ~/.kube/config)
            """)
    var kubeconfig: String?

    @Option(
        help: ArgumentHelp(
            "Kubernetes: where pods that end ask for their drain. (default: the address of Service f2s-internal)",
            valueName: "ip:port"))
    var drainAddress: String?

    @Option(
        help: ArgumentHelp(
            """
            Kubernetes: file of the token that F2S processes show each other, read again when it changes. (default: \
            $F2S_INTERNAL_TOKEN, else the Secret f2s-internal)
            """, valueName: "file"))
    var internalTokenFile: String?

    @Option(
        help: ArgumentHelp(
            "Settings. Read again when they change. (default: \(ServeOptions.configDefault), if there is one)",
            valueName: "config"))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "Kubernetes: the ConfigMap that --config is a copy of. It is watched, and notes the last good settings.",
            valueName: "name"))
    var settingsConfigMap: String?

    @Flag(
        help: """
            Serve in a child process that is started again at once when it crashes. Connections made meanwhile wait. \
            For containers.
            """)
    var restartOnCrash = false

    @Option(help: .hidden)
    var inheritedSockets: String?

    @Flag(help: .hidden)
    var restarted = false

    func run() async throws {
        let handover = inheritedSockets.flatMap { SocketHandover($0) }
        guard handover?.accept() != false else { return }
        signal(SIGPIPE, SIG_IGN)
        FileLimit.raise()
        HeapSettings.keepSmall()
        // What outlives the launcher comes to this process, which ends it. Without that right it goes to another one.
        _ = f2s_adopt_orphans()
        // Settings and tokens may be in the environment, and functions are processes of the same user.
        _ = f2s_hide_memory()
        f2s_keep_spare_descriptors()
        let (logs, writer) = (LogOutput(), LogWriter(STDERR_FILENO))
        LoggingSystem.bootstrap { SettingsLogHandler(label: $0, output: logs, writer: writer) }
        // Whoever looks for the reason of a start that failed must find it.
        defer {
            logs.flush()
            writer.flush()
        }
        var options = try options()
        options.handover = handover
        options.isRestarted = restarted
        let chosen = options
        guard let application = try await StartSignals.unlessSignalled({ try await Application(chosen, logs: logs) })
        else { return }
        try await application.run()
    }

    private func options() throws -> ServeOptions {
        ServeOptions(
            platform: platform, folder: folder, listen: try endpoint("--listen", listen),
            operations: try endpoint("--operations", operations),
            management: try management.map { try endpoint("--management", $0) },
            internal: try endpoint("--internal", self.internal),
            allowsUnauthenticated: allowUnauthenticated, namespace: namespace, functionsNamespace: functionsNamespace,
            kubeconfig: kubeconfig, tokenFile: internalTokenFile,
            drainAddress: try drainAddress.map { try address("--drain-address", $0) },
            config: try config.map(settingsPath) ?? ServeOptions.configDefault,
            settingsObject: settingsConfigMap, environment: ServeOptions.currentEnvironment(),
            executable: ServeOptions.currentExecutable())
    }

    /// Who names a file means it: without it, F2S would serve with settings that nobody has chosen.
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
