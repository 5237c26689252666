import Glibc

/// The options of `f2s serve`.
struct ServeOptions: Sendable {
    /// The name of a platform.
    enum PlatformName: String, Sendable, CaseIterable {
        /// A folder of manifests and child processes.
        case local
        /// Custom resources and pods.
        case kubernetes
    }

    /// An address to listen on.
    struct Endpoint: Sendable, Equatable {
        let host: String
        let port: Int

        /// Parses `IP:PORT`, `[IPv6]:PORT` or `PORT` (loopback); `localhost` means 127.0.0.1. The result is `nil` if
        /// the text is malformed.
        init?(_ text: String) {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard let port = parts.last.flatMap({ Int($0) }), (0...65_535).contains(port) else { return nil }
            self.port = port
            let host = parts.dropLast().joined(separator: ":")
            switch host {
            case "", "localhost": self.host = "127.0.0.1"
            case _ where host.hasPrefix("[") && host.hasSuffix("]"): self.host = String(host.dropFirst().dropLast())
            case _ where host.contains(":"): return nil
            default: self.host = host
            }
        }

        /// True if the host is an IP address, not a name.
        var isAddress: Bool {
            var address = in6_addr()
            return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1
        }

        /// Returns the address with the given port, in the form of a URL.
        func text(port: Int) -> String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    var platform: PlatformName
    var folder: String
    var listen: Endpoint
    var operations: Endpoint
    /// The address of the management API; `nil`: ``listen`` serves it.
    var management: Endpoint?
    /// The address of the console; `nil`: there is none.
    var console: Endpoint?
    /// The address for other F2S processes. Local does not use it.
    var `internal`: Endpoint
    /// True to allow addresses that other machines reach, without authentication.
    var allowsUnauthenticated: Bool
    /// The namespace of the Function resources; `nil`: that of the pod.
    var namespace: String?
    var functionsNamespace: String
    var kubeconfig: String?
    /// The file with the token by which F2S processes authenticate to each other. It is read again when it changes.
    /// `nil`: the token of the environment, else of the installation's Secret.
    var tokenFile: String?
    /// The address that the hooks of ending pods call; `nil`: it is read from the cluster.
    var drainAddress: Endpoint?
    /// The path of the settings file, which need not exist.
    var config: String
    /// Kubernetes: the name of the ConfigMap that ``config`` is a copy of; `nil` if there is none.
    var settingsObject: String?
    /// Kubernetes: the Secrets with which nodes pull the images of functions.
    var pullSecrets: [String] = []
    /// Kubernetes: the group of the first API token, which F2S issues; `nil` if it issues none.
    var initialTokenGroup: String?
    /// Kubernetes: true if callers may write Secrets for functions.
    var writesSecrets = false
    /// The sockets from the parent; `nil` if there is no parent.
    var handover: SocketHandover?
    /// True if a previous serving process with the same sockets has died.
    var isRestarted = false
    var environment: [String: String]
    /// The path of this program.
    var executable: String

    /// The default path of the settings file.
    static let configDefault = "config.yaml"

    /// Kubernetes: the namespace of the Function resources and of this pod.
    var ownNamespace: String { namespace ?? variable("POD_NAMESPACE") ?? "f2s" }

    /// Returns the location of a ConfigMap with settings, for error messages.
    func settingsLocation(_ name: String) -> String { "ConfigMap \(ownNamespace)/\(name)" }

    /// Returns a variable of the environment. An empty one counts as not set.
    func variable(_ name: String) -> String? { environment.variable(name) }

    var executableFolder: String { executable.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } }

    /// Returns the path of the running executable, independent of the first argument.
    static func currentExecutable() -> String {
        var bytes = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &bytes, bytes.count)
        guard count > 0 else { return CommandLine.arguments.first ?? "f2s" }
        return String(decoding: bytes.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
