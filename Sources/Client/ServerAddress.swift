/// The address of an F2S server: scheme, host, port, and the path prefix of a proxy in front of it, if there is one.
public struct ServerAddress: Sendable, Hashable, CustomStringConvertible {
    /// The address without a trailing slash.
    public let text: String

    /// The default server of every command.
    public static let defaultText = "http://127.0.0.1:8080"

    /// Parses `http://host:port[/prefix]` or `https://…`. The default scheme is http.
    /// - Throws: ``ClientError/malformedServer(_:)``.
    public init(_ text: String) throws(ClientError) {
        var address = text.contains("://") ? text : "http://" + text
        while address.hasSuffix("/") { address.removeLast() }
        let rest: Substring
        if address.lowercased().hasPrefix("http://") {
            rest = address.dropFirst(7)
        } else if address.lowercased().hasPrefix("https://") {
            rest = address.dropFirst(8)
        } else {
            throw .malformedServer(text)
        }
        let authority = rest.prefix { $0 != "/" }
        guard !authority.isEmpty, !authority.hasPrefix(":"), Self.hasGoodPort(authority),
            rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !rest.contains(where: { "?#@\"".contains($0) })
        else { throw .malformedServer(text) }
        self.text = address
    }

    /// The address itself.
    public var description: String { text }

    private static func hasGoodPort(_ authority: Substring) -> Bool {
        // The port follows the closing bracket of an IPv6 address, else the last colon.
        let tail = authority.lastIndex(of: "]").map { authority[authority.index(after: $0)...] } ?? authority
        guard let colon = tail.lastIndex(of: ":") else { return true }
        return UInt16(tail[tail.index(after: colon)...]).map { $0 > 0 } ?? false
    }
}
