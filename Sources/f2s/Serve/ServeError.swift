import F2SModel
import Glibc

/// An error that prevents `f2s serve` from starting.
enum ServeError: Error, CustomStringConvertible {
    case noRuntimeFolder(String)
    case exposed(option: String, host: String)
    case badAddress(option: String, text: String)
    case cannotListen(address: String, reason: String)
    case addressTaken(option: String, address: String, reason: String)
    case noSettings(path: String, reason: String)
    case badToken(String)
    case noIPAddress(option: String, host: String)

    /// Returns the error for a listener that could not be opened.
    /// - Parameter error: The error of NIO. Its text begins with the name of a NIO function and ends with the error
    ///   number of the system. This module does not depend on its type.
    static func cannotListen(address: String, because error: any Error) -> ServeError {
        let text = "\(error)"
        let number = text.firstRange(of: "(errno: ").flatMap { Int32(text[$0.upperBound...].prefix { $0.isNumber }) }
        return .cannotListen(address: address, reason: number.map { String(cString: strerror($0)) } ?? text)
    }

    var description: String {
        switch self {
        case .noRuntimeFolder(let reason):
            "Cannot create a folder for the internal sockets (\(reason)). Set TMPDIR to a short, writable path."
        case .exposed("--operations", let host):
            "Refusing --operations on \(host) without authentication: metrics reveal which functions run. "
                + Exposure.advice
        case .exposed(let option, let host):
            "Refusing \(option) on \(host) without authentication: declaring a function runs code. "
                + Exposure.advice
        case .badAddress("--console", let text):
            "--console \"\(text)\" is neither IP:PORT nor none. Write for example 127.0.0.1:8090; port 0 selects a "
                + "free port, and none means no console."
        case .badAddress(let option, let text):
            "\(option) \"\(text)\" is not IP:PORT. Write for example 127.0.0.1:8080; port 0 selects a free port."
        case .cannotListen(let address, let reason):
            "Cannot listen on \(address): \(reason). Is another f2s running? --listen 127.0.0.1:0 selects a free port."
        case .addressTaken(let option, let address, let reason):
            "Cannot listen on \(address): \(reason). \(option) names the address: choose another one, for example "
                + "\(option) 127.0.0.1:0 for a free port. Is another f2s running?"
        case .badToken(let location):
            "\(location) contains no valid token: a token has at most \(PeerTokens.bytesMax) visible ASCII characters, "
                + "without spaces between them."
        case .noIPAddress(let option, let host):
            "\(option) names \(host): it must name an IP address, because a kubelet does not resolve names."
        case .noSettings(let path, let reason):
            "--config \(path) cannot be found: \(reason). Name a file that exists, or omit the option."
        }
    }
}

/// Checks that only addresses with authentication can be reached from other machines.
enum Exposure {
    /// The advice in the error.
    static let advice =
        "Use 127.0.0.1, set f2s.auth, or pass --allow-unauthenticated if the network admits only trusted clients."

    /// Checks the addresses at which clients can run code on this machine, or read the metrics.
    /// - Throws: ``ServeError/exposed(option:host:)`` if other machines could reach one of them.
    static func check(_ options: ServeOptions) throws(ServeError) {
        let managing = options.management.map { ("--management", $0.host) } ?? ("--listen", options.listen.host)
        let console = options.console.map { [("--console", $0.host)] } ?? []
        for (option, host) in [managing] + console + [("--operations", options.operations.host)]
        where !isLoopback(host) {
            throw .exposed(option: option, host: host)
        }
    }

    /// Returns true if no other machine can reach F2S, neither to manage nor to invoke functions.
    static func isLocal(_ options: ServeOptions) -> Bool {
        isLoopback(options.listen.host) && (try? check(options)) != nil
    }

    private static func isLoopback(_ host: String) -> Bool {
        host == "::1" || host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." }
    }
}
