import F2SModel

/// A TCP socket that listens.
struct ListeningPort: Sendable, Hashable {
    let port: Int
    /// The address at which a client on this machine reaches the socket.
    let ip: String
    /// The socket's inode, by which the process that holds it is found below `/proc`.
    let inode: UInt64

    /// - Parameters:
    ///   - address: The address, 4 or 16 bytes in network byte order.
    ///   - isV6Only: True if a socket with an address of 16 bytes accepts no IPv4 connections.
    init(port: Int, address: [UInt8], isV6Only: Bool, inode: UInt64) {
        self.port = port
        self.inode = inode
        ip = Self.reachable(address, isV6Only: isV6Only)
    }

    /// True if this address is the one to publish when a process listens at several addresses. It is the loopback
    /// address, which always exists.
    var isPreferred: Bool { ip == "127.0.0.1" }

    private static func reachable(_ address: [UInt8], isV6Only: Bool) -> String {
        if address.count == 4 {
            return address == [0, 0, 0, 0] ? "127.0.0.1" : address.map { "\($0)" }.joined(separator: ".")
        }
        if address.allSatisfy({ $0 == 0 }) { return isV6Only ? "::1" : "127.0.0.1" }
        if address.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF] {
            return reachable(Array(address.suffix(4)), isV6Only: false)
        }
        if address.dropLast().allSatisfy({ $0 == 0 }), address.last == 1 { return "::1" }
        let groups = stride(from: 0, to: 16, by: 2).map { index in
            String(UInt16(address[index]) << 8 | UInt16(address[index + 1]), radix: 16)
        }
        return groups.joined(separator: ":")
    }

    /// Parses the lines of `/proc/net/tcp` or `/proc/net/tcp6` for sockets that listen. These lines come first, so
    /// parsing ends with the first line for another socket (proc_pid_net(5)).
    static func parse(_ text: Substring) -> (listeners: [ListeningPort], isComplete: Bool) {
        var listeners: [ListeningPort] = []
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count >= 10, fields[0].last == ":" else { continue }
            guard fields[3] == "0A" else { return (listeners, true) }
            let local = fields[1].split(separator: ":")
            guard local.count == 2, let port = Int(local[1], radix: 16), let inode = UInt64(fields[9]),
                let address = bytes(local[0])
            else { continue }
            listeners.append(ListeningPort(port: port, address: address, isV6Only: false, inode: inode))
        }
        return (listeners, false)
    }

    /// Returns the bytes of an address, which the file contains as 32-bit words in the machine's byte order.
    private static func bytes(_ text: Substring) -> [UInt8]? {
        guard text.count == 8 || text.count == 32 else { return nil }
        var bytes: [UInt8] = []
        var rest = text
        while !rest.isEmpty {
            guard let word = UInt32(rest.prefix(8), radix: 16) else { return nil }
            withUnsafeBytes(of: word) { bytes += Array($0) }
            rest = rest.dropFirst(8)
        }
        return bytes
    }
}
