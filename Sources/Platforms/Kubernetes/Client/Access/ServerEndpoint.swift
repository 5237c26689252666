import AsyncHTTPClient

/// Where the API server is.
struct ServerEndpoint: Sendable, Hashable {
    /// Whether it is reached by TLS.
    let isSecure: Bool
    /// Name or address, without brackets.
    let host: String
    /// TCP port.
    let port: Int
    /// What stands before every path; empty, or begins with a slash and does not end with one.
    let pathPrefix: String
    /// The name in its certificate, where that is not `host`.
    var serverName: String?
    /// Proxy on the way to it.
    var proxyAddress: ProxyAddress?

    /// A proxy.
    struct ProxyAddress: Sendable, Hashable {
        let isSOCKS: Bool
        let host: String
        let port: Int
    }

    /// Reads `https://host:port/prefix`.
    /// - Throws: ``KubernetesError/credentials(_:)``, which names what is wrong.
    init(_ text: String) throws(KubernetesError) {
        let parts = try URLParts(text, schemes: ["https", "http"])
        isSecure = parts.scheme == "https"
        host = parts.host
        port = parts.port ?? (isSecure ? 443 : 80)
        pathPrefix = parts.path
    }

    /// A server at a host and a port.
    init(host: String, port: Int) {
        isSecure = true
        self.host = host
        self.port = port
        pathPrefix = ""
    }

    /// Goes by a proxy.
    mutating func pass(by text: String) throws(KubernetesError) {
        let parts = try URLParts(text, schemes: ["http", "socks5"])
        let isSOCKS = parts.scheme == "socks5"
        proxyAddress = ProxyAddress(isSOCKS: isSOCKS, host: parts.host, port: parts.port ?? (isSOCKS ? 1080 : 80))
    }

    /// The URL of a path and query.
    func url(_ target: String) -> String {
        let name = serverName ?? host
        let authority = name.contains(":") ? "[\(name)]" : name
        return "\(isSecure ? "https" : "http")://\(authority):\(port)\(pathPrefix)\(target)"
    }

    /// AsyncHTTPClient checks a certificate against the name in the URL, so the name to check goes there, and the way
    /// to the real host is given beside it.
    var hostOverride: [String: String] { serverName.map { [$0: host] } ?? [:] }

    /// The proxy as AsyncHTTPClient wants it.
    var proxy: HTTPClient.Configuration.Proxy? {
        proxyAddress.map { proxy in
            proxy.isSOCKS
                ? .socksServer(host: proxy.host, port: proxy.port) : .server(host: proxy.host, port: proxy.port)
        }
    }
}

/// The parts of a URL that a kubeconfig may hold.
private struct URLParts {
    let scheme: String
    let host: String
    let port: Int?
    let path: String

    init(_ text: String, schemes: [String]) throws(KubernetesError) {
        let complaint = KubernetesError.credentials(
            "\"\(text.prefix(200))\" is no address: write \(schemes[0])://host:port")
        guard let end = text.firstRange(of: "://"),
            let scheme = schemes.first(where: { $0 == text[..<end.lowerBound] }),
            !text.contains(where: { $0 == "?" || $0 == "#" || $0 == "@" || $0.isWhitespace })
        else { throw complaint }
        self.scheme = scheme
        let rest = text[end.upperBound...]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        var path = rest[slash...]
        while path.last == "/" { path.removeLast() }
        self.path = String(path)
        var authority = rest[..<slash]
        if authority.first == "[" {
            guard let close = authority.firstIndex(of: "]") else { throw complaint }
            host = String(authority[authority.index(after: authority.startIndex)..<close])
            authority = authority[authority.index(after: close)...]
            guard authority.isEmpty || authority.first == ":" else { throw complaint }
        } else {
            let colon = authority.firstIndex(of: ":") ?? authority.endIndex
            host = String(authority[..<colon])
            authority = authority[colon...]
        }
        guard !host.isEmpty else { throw complaint }
        if authority.isEmpty {
            port = nil
        } else {
            guard let number = UInt16(authority.dropFirst()), number > 0 else { throw complaint }
            port = Int(number)
        }
    }
}
