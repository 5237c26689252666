import F2SModel
import Glibc

/// Why `f2s serve` cannot begin.
enum ServeError: Error, CustomStringConvertible {
    case noRuntimeFolder(String)
    case exposed(option: String, host: String)
    case badAddress(option: String, text: String)
    case cannotListen(address: String, reason: String)
    case addressTaken(option: String, address: String, reason: String)
    case noSettings(path: String, reason: String)
    case badToken(String)
    case noIPAddress(option: String, host: String)

    /// The listener could not be opened.
    /// - Parameter error: NIO's, whose text ends with the number that the system gave and begins with the name of a
    ///   function of NIO; its type is no business of this room.
    static func cannotListen(address: String, because error: any Error) -> ServeError {
        let text = "\(error)"
        let number = text.firstRange(of: "(errno: ").flatMap { Int32(text[$0.upperBound...].prefix { $0.isNumber }) }
        return .cannotListen(address: address, reason: number.map { String(cString: strerror($0)) } ?? text)
    }

    var description: String {
        switch self {
        case .noRuntimeFolder(let reason):
            "No folder for the internal socket can be made (\(reason)). Set TMPDIR to a short path that can be written."
        case .exposed("--operations", let host):
            "Refusing --operations on \(host) without authentication: metrics tell what runs here. "
                + Exposure.advice
        case .exposed(let option, let host):
            "Refusing \(option) on \(host) without authentication: declaring a function runs code. "
                + Exposure.advice
        case .badAddress(let option, let text):
            "\(option) \"\(text)\" is not IP:PORT. Write for example 127.0.0.1:8080; port 0 picks a free one."
        case .cannotListen(let address, let reason):
            "Cannot listen on \(address): \(reason). Is another f2s running? --listen 127.0.0.1:0 picks a free port."
        case .addressTaken(let option, let address, let reason):
            "Cannot listen on \(address): \(reason). \(option) names the address: choose another one, for example "
                + "\(option) 127.0.0.1:0 for a free port. Is another f2s running?"
        case .badToken(let place):
            "\(place) holds no token: it must be at most \(PeerTokens.bytesMax) visible ASCII characters, without "
                + "spaces between them."
        case .noIPAddress(let option, let host):
            "\(option) names \(host): it must name an IP address, because a kubelet resolves no names."
        case .noSettings(let path, let reason):
            "--config \(path) cannot be found: \(reason). Name a file that is there, or leave the option away."
        }
    }
}

/// Who can reach us must not be able to run code here unasked.
enum Exposure {
    /// What to do instead.
    static let advice =
        "Use 127.0.0.1, or --allow-unauthenticated where the network lets only those through who may do that."

    /// - Parameter option: what the address was given by, for the error.
    /// - Throws: ``ServeError/exposed(option:host:)`` when everybody on the network could reach what is for us alone.
    static func check(_ option: String, host: String, isProtected: Bool) throws(ServeError) {
        let isLoopback = host == "::1" || host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." }
        guard isLoopback || isProtected else { throw .exposed(option: option, host: host) }
    }
}
