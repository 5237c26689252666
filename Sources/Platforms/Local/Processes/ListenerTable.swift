import CLinux
import Glibc

/// The TCP sockets that listen on this machine, and whose they are.
struct ListenerTable: ~Copyable {
    /// More than any machine has in earnest.
    private static let listenersMax = 4096
    private static let processesMax = 1024

    /// -1 where the kernel has no such query; `/proc/net` is read then, which takes milliseconds instead of
    /// microseconds.
    private let netlink = f2s_listeners_open()

    init() {}

    deinit { if netlink >= 0 { close(netlink) } }

    /// What listens now.
    func current() -> [Listener] {
        fromKernel() ?? Self.fromFiles()
    }

    private func fromKernel() -> [Listener]? {
        guard netlink >= 0 else { return nil }
        var count = -1
        let found = [f2s_listener](unsafeUninitializedCapacity: Self.listenersMax) { buffer, initialized in
            count = f2s_listeners(netlink, buffer.baseAddress, buffer.count)
            initialized = max(0, count)
        }
        guard count >= 0 else { return nil }
        return found.map { listener in
            let address = withUnsafeBytes(of: listener.address) { Array($0) }
            return Listener(
                port: Int(listener.port),
                address: listener.family == UInt8(AF_INET) ? Array(address.prefix(4)) : address,
                isV6Only: listener.is_v6_only, inode: listener.inode)
        }
    }

    /// What listens now, read from `/proc/net`.
    static func fromFiles() -> [Listener] { ["/proc/net/tcp", "/proc/net/tcp6"].flatMap(fromFile) }

    /// Reads line by line in effect: a short read makes the kernel look at one socket only, and the first that does not
    /// listen ends it.
    private static func fromFile(_ path: String) -> [Listener] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 150)
        while text.count < listenersMax * 150 {
            let count = read(file, &piece, piece.count)
            guard count > 0 else { break }
            text += piece[..<count]
            guard let end = text.lastIndex(of: UInt8(ascii: "\n")) else { continue }
            if Listener.parse(String(decoding: text[...end], as: UTF8.self)[...]).isComplete { break }
        }
        return Listener.parse(String(decoding: text, as: UTF8.self)[...]).listeners
    }

    /// Every process that descends from `ancestor`, nearest first.
    static func descendants(of ancestor: Int32) -> [Int32] {
        var found: [Int32] = []
        var open = [ancestor]
        while let parent = open.popLast(), found.count < processesMax {
            let children = [Int32](unsafeUninitializedCapacity: 256) { buffer, count in
                count = f2s_children(parent, buffer.baseAddress, buffer.count)
            }
            // A process cannot be its own descendant, but a number may be given anew while we look.
            let new = children.filter { $0 != ancestor && !found.contains($0) }
            found += new
            open += new
        }
        return found
    }

    /// Inodes of the sockets that a process holds.
    static func socketInodes(of process: Int32) -> [UInt64] {
        [UInt64](unsafeUninitializedCapacity: 4096) { buffer, count in
            count = f2s_socket_inodes(process, buffer.baseAddress, buffer.count)
        }
    }
}
