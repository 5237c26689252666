/// Why `f2s serve` cannot begin.
enum ServeError: Error, CustomStringConvertible {
    case noRuntimeFolder(String)
    case exposed(host: String)
    case badAddress(option: String, text: String)
    case cannotListen(address: String, reason: String)

    var description: String {
        switch self {
        case .noRuntimeFolder(let reason):
            "No folder for the internal socket can be made (\(reason)). Set TMPDIR to a short path that can be written."
        case .exposed(let host):
            "Refusing to listen on \(host) without authentication: declaring a function runs code. Listen on 127.0.0.1."
        case .badAddress(let option, let text):
            "\(option) \"\(text)\" is not IP:PORT. Write for example 127.0.0.1:8080; port 0 picks a free one."
        case .cannotListen(let address, let reason):
            "Cannot listen on \(address): \(reason). Is another f2s running? --listen 127.0.0.1:0 picks a free port."
        }
    }
}

/// Who can reach us must not be able to run code here unasked.
enum Exposure {
    /// - Throws: ``ServeError/exposed(host:)`` when everybody on the network could declare functions.
    static func check(host: String, isProtected: Bool) throws(ServeError) {
        let isLoopback = host == "::1" || host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." }
        guard isLoopback || isProtected else { throw .exposed(host: host) }
    }
}
