import Glibc

/// What `f2s serve` was called with.
struct ServeOptions: Sendable {
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
    }

    var folder: String
    var listen: Endpoint
    var operations: Endpoint
    /// Where the settings are looked for; there need not be any.
    var config: String
    var environment: [String: String]
    /// Path of this program.
    var executable: String

    /// The settings of who names none.
    static let configDefault = "config.yaml"

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
