import F2SModel

/// A TCP socket that listens.
struct Listener: Sendable, Hashable {
    let port: Int
    /// Where a client on this machine reaches it.
    let ip: String
    /// The socket's inode, by which its owner is found below `/proc`.
    let inode: UInt64

    /// - Parameters:
    ///   - address: 4 or 16 bytes in network byte order.
    ///   - isV6Only: whether a socket with 16 bytes takes no IPv4 connections.
    init(port: Int, address: [UInt8], isV6Only: Bool, inode: UInt64) {
        self.port = port
        self.inode = inode
        ip = Self.reachable(address, isV6Only: isV6Only)
    }

    /// Whether it is the one that is published when a process listens at several addresses: loopback is always there.
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

    /// Reads the lines of `/proc/net/tcp` or `/proc/net/tcp6` that are about sockets that listen. They come first, so
    /// that reading may end with the first other one (proc_pid_net(5)).
    static func parse(_ text: Substring) -> (listeners: [Listener], isComplete: Bool) {
        var listeners: [Listener] = []
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count >= 10, fields[0].last == ":" else { continue }
            guard fields[3] == "0A" else { return (listeners, true) }
            let local = fields[1].split(separator: ":")
            guard local.count == 2, let port = Int(local[1], radix: 16), let inode = UInt64(fields[9]),
                let address = bytes(local[0])
            else { continue }
            listeners.append(Listener(port: port, address: address, isV6Only: false, inode: inode))
        }
        return (listeners, false)
    }

    /// Addresses stand there as words of 32 bits in the machine's own byte order.
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
