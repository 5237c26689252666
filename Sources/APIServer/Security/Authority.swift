/// The host and port of a Host header or an Origin (RFC 3986 section 3.2 without user information).
struct Authority: Sendable, Hashable {
    /// The name or address in lower case, without brackets and without a trailing dot.
    let host: String
    /// The port; `nil` if there is none.
    let port: Int?
    /// True if the host is in brackets, as IPv6 addresses are.
    private let isBracketed: Bool

    /// Parses `name`, `name:port`, `1.2.3.4:port` or `[::1]:port`. Returns `nil` for anything else.
    init?(_ text: String) {
        let lower = text.lowercased()
        let portText: Substring?
        if lower.hasPrefix("[") {
            guard let end = lower.firstIndex(of: "]") else { return nil }
            host = String(lower[lower.index(after: lower.startIndex)..<end])
            let rest = lower[lower.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            portText = rest.isEmpty ? nil : rest.dropFirst()
            isBracketed = true
        } else {
            let parts = lower.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts.first ?? ""
            host = String(name.hasSuffix(".") ? name.dropLast() : name)
            portText = parts.count == 2 ? parts[1] : nil
            isBracketed = false
        }
        guard !host.isEmpty, host.utf8.allSatisfy(Self.isHostByte) else { return nil }
        guard let portText else {
            port = nil
            return
        }
        guard let number = UInt16(portText), number > 0, portText.utf8.first != UInt8(ascii: "+") else { return nil }
        port = Int(number)
    }

    /// True if the host is this machine regardless of any name server: `localhost`, a name below it (RFC 6761 section
    /// 6.3), 127.0.0.0/8 or ::1.
    var isLoopback: Bool {
        if isBracketed { return host == "::1" }
        return host == "localhost" || host.hasSuffix(".localhost") || (isIPv4 && host.hasPrefix("127."))
    }

    /// True if the host is an address and not a name, so that no name server decides about its meaning.
    var isAddress: Bool { isBracketed || isIPv4 }

    /// True if the host means every address of the machine (0.0.0.0 or ::), as listeners write it.
    var isWildcard: Bool { host == "0.0.0.0" || (isBracketed && host == "::") }

    /// Returns true if both authorities mean the same host and port.
    /// - Parameter defaultPort: The port of an authority that has none.
    func isSame(as other: Authority, defaultPort: Int) -> Bool {
        host == other.host && isBracketed == other.isBracketed
            && (port ?? defaultPort) == (other.port ?? defaultPort)
    }

    /// Returns the address of a listener as a client can use it. A listener on every address has the host by which the
    /// client reaches another listener of F2S. So has one on a loopback address, if that host is a loopback name: a
    /// browser keeps the cookies and the storage of `localhost` apart from those of 127.0.0.1.
    /// - Parameters:
    ///   - listener: The `host:port` of the listener.
    ///   - requested: The Host of the client's request to another listener.
    static func address(of listener: String, for requested: String?) -> String {
        guard let own = Authority(listener), let port = own.port, let client = requested.flatMap({ Authority($0) }),
            own.isWildcard || (own.isLoopback && client.isLoopback && !client.isAddress)
        else { return listener }
        return "\(client.isBracketed ? "[\(client.host)]" : client.host):\(port)"
    }

    private var isIPv4: Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil && $0.first?.isNumber == true }
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "-._:".utf8.contains(byte)
        }
    }
}
