import AsyncHTTPClient

/// The address of the API server.
struct ServerEndpoint: Sendable, Hashable {
    /// True if the server is reached over TLS.
    let isSecure: Bool
    /// The host name or IP address, without brackets.
    let host: String
    /// The TCP port.
    let port: Int
    /// The prefix of every path. It is empty, or begins with a slash and does not end with one.
    let pathPrefix: String
    /// The name in the server's certificate; `nil`: `host`.
    var serverName: String?
    /// The proxy through which the server is reached; `nil`: none.
    var proxyAddress: ProxyAddress?

    /// The address of a proxy.
    struct ProxyAddress: Sendable, Hashable {
        let isSOCKS: Bool
        let host: String
        let port: Int
    }

    /// Parses `https://host:port/prefix`.
    /// - Throws: ``KubernetesError/credentials(_:)`` if the text is not such a URL.
    init(_ text: String) throws(KubernetesError) {
        let parts = try URLParts(text, schemes: ["https", "http"])
        isSecure = parts.scheme == "https"
        host = parts.host
        port = parts.port ?? (isSecure ? 443 : 80)
        pathPrefix = parts.path
    }

    /// Creates the address of a server with TLS at a host and a port.
    init(host: String, port: Int) {
        isSecure = true
        self.host = host
        self.port = port
        pathPrefix = ""
    }

    /// Sets the proxy from its URL.
    mutating func pass(by text: String) throws(KubernetesError) {
        let parts = try URLParts(text, schemes: ["http", "socks5"])
        let isSOCKS = parts.scheme == "socks5"
        proxyAddress = ProxyAddress(isSOCKS: isSOCKS, host: parts.host, port: parts.port ?? (isSOCKS ? 1080 : 80))
    }

    /// Returns the URL of a path and query.
    func url(_ target: String) -> String {
        let name = serverName ?? host
        let authority = name.contains(":") ? "[\(name)]" : name
        return "\(isSecure ? "https" : "http")://\(authority):\(port)\(pathPrefix)\(target)"
    }

    /// The DNS override from ``serverName`` to ``host``. AsyncHTTPClient checks a certificate against the name in the
    /// URL, so the URL contains the certificate's name and not the host.
    var hostOverride: [String: String] { serverName.map { [$0: host] } ?? [:] }

    /// The proxy in AsyncHTTPClient's configuration.
    var proxy: HTTPClient.Configuration.Proxy? {
        proxyAddress.map { proxy in
            proxy.isSOCKS
                ? .socksServer(host: proxy.host, port: proxy.port) : .server(host: proxy.host, port: proxy.port)
        }
    }
}

/// The parts of a URL that a kubeconfig may contain.
private struct URLParts {
    let scheme: String
    let host: String
    let port: Int?
    let path: String

    init(_ text: String, schemes: [String]) throws(KubernetesError) {
        let malformed = KubernetesError.credentials(
            "\"\(text.prefix(200))\" is not an address: write \(schemes[0])://host:port")
        guard let end = text.firstRange(of: "://"),
            let scheme = schemes.first(where: { $0 == text[..<end.lowerBound] }),
            !text.contains(where: { $0 == "?" || $0 == "#" || $0 == "@" || $0.isWhitespace })
        else { throw malformed }
        self.scheme = scheme
        let rest = text[end.upperBound...]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        var path = rest[slash...]
        while path.last == "/" { path.removeLast() }
        self.path = String(path)
        var authority = rest[..<slash]
        if authority.first == "[" {
            guard let close = authority.firstIndex(of: "]") else { throw malformed }
            host = String(authority[authority.index(after: authority.startIndex)..<close])
            authority = authority[authority.index(after: close)...]
            guard authority.isEmpty || authority.first == ":" else { throw malformed }
        } else {
            let colon = authority.firstIndex(of: ":") ?? authority.endIndex
            host = String(authority[..<colon])
            authority = authority[colon...]
        }
        guard !host.isEmpty else { throw malformed }
        if authority.isEmpty {
            port = nil
        } else {
            guard let number = UInt16(authority.dropFirst()), number > 0 else { throw malformed }
            port = Int(number)
        }
    }
}
