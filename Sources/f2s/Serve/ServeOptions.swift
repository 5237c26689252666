import Glibc

/// What `f2s serve` was called with.
struct ServeOptions: Sendable {
    /// Where F2S runs.
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

        /// Reads `IP:PORT`, `[IPv6]:PORT` or `PORT` (loopback); `localhost` means 127.0.0.1. `nil`: it is something
        /// else.
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

        /// Whether the host is an IP address and no name.
        var isAddress: Bool {
            var address = in6_addr()
            return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1
        }

        /// The address with a port, as it stands in URLs.
        func text(port: Int) -> String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    var platform: PlatformName
    var folder: String
    var listen: Endpoint
    var operations: Endpoint
    /// For the management API alone; `nil`: ``listen`` serves it.
    var management: Endpoint?
    /// For other F2S processes; not on Local, where there are none.
    var `internal`: Endpoint
    /// Whether it may be reached by others although everybody may do everything.
    var allowsUnauthenticated: Bool
    /// Namespace of the Function resources; `nil`: that of the pod.
    var namespace: String?
    var functionsNamespace: String
    var kubeconfig: String?
    /// File of the token that F2S processes show each other, read again when it changes; `nil`: the environment's, else
    /// that of the installation's Secret.
    var tokenFile: String?
    /// Where hooks of pods that end ask; `nil`: to be found out.
    var drainAddress: Endpoint?
    /// Where the settings are looked for; there need not be any.
    var config: String
    /// Kubernetes: the ConfigMap that ``config`` is a copy of; `nil`: of none.
    var settingsObject: String?
    /// The sockets that a parent has handed over; `nil`: there is no parent.
    var handover: SocketHandover?
    /// True if a process that served at the same sockets has died.
    var isRestarted = false
    var environment: [String: String]
    /// Path of this program.
    var executable: String

    /// The settings of who names none.
    static let configDefault = "config.yaml"

    /// Kubernetes: namespace of the Function resources and of this pod.
    var ownNamespace: String { namespace ?? variable("POD_NAMESPACE") ?? "f2s" }

    /// What a ConfigMap with settings is called in complaints.
    func settingsPlace(_ name: String) -> String { "ConfigMap \(ownNamespace)/\(name)" }

    /// A variable of the environment; one that is empty counts as not set.
    func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    var executableFolder: String { executable.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } }

    /// Path of the running program, whatever it was called by.
    static func currentExecutable() -> String {
        var bytes = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &bytes, bytes.count)
        guard count > 0 else { return CommandLine.arguments.first ?? "f2s" }
        return String(decoding: bytes.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The environment of this process.
    static func currentEnvironment() -> [String: String] {
        var result: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                result[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            next += 1
        }
        return result
    }
}
