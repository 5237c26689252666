import CLinux
import Glibc
import Synchronization

/// The TCP sockets that listen on this machine, and the processes that hold them.
final class ListeningPortTable: Sendable {
    private static let processesMax = 1024
    private static let childrenMax = 65_536
    private static let allPorts = 1...65535

    /// The netlink socket. It stays open, because no descriptor may be free later when it is needed. It is -1 if the
    /// kernel does not support the query; then `/proc/net` is read, which takes milliseconds instead of microseconds.
    private let netlink: Mutex<Int32>

    init() { netlink = Mutex(f2s_listeners_open()) }

    deinit { netlink.withLock { if $0 >= 0 { close($0) } } }

    /// Returns the sockets of the whole machine that now listen on one of the ports.
    func current(on ports: ClosedRange<Int> = ListeningPortTable.allPorts) -> [ListeningPort] {
        fromKernel(ports) ?? Self.fromFiles().filter { ports.contains($0.port) }
    }

    private func fromKernel(_ ports: ClosedRange<Int>) -> [ListeningPort]? {
        netlink.withLock { netlink in
            // An earlier attempt may have failed for lack of a descriptor.
            if netlink < 0 { netlink = f2s_listeners_open() }
            guard netlink >= 0 else { return nil }
            var found: [ListeningPort] = []
            let result = withUnsafeMutablePointer(to: &found) { found in
                f2s_listeners(
                    netlink, UInt16(clamping: ports.lowerBound), UInt16(clamping: ports.upperBound),
                    { context, listener in
                        // The context is the pointer that is passed below. It is valid during the call.
                        guard let context, let listener = listener?.pointee else { return }
                        context.assumingMemoryBound(to: [ListeningPort].self).pointee.append(ListeningPort(listener))
                    }, found)
            }
            if result != 0 {
                // The rest of an unfinished response would be read as the response to the next query.
                close(netlink)
                netlink = -1
                return nil
            }
            return found
        }
    }

    /// Returns the sockets that now listen, read from `/proc/net`.
    static func fromFiles() -> [ListeningPort] { ["/proc/net/tcp", "/proc/net/tcp6"].flatMap(fromFile) }

    /// Reads one file, about a line at a time: for a short read, the kernel visits one socket only. Reading ends with
    /// the first socket that does not listen.
    private static func fromFile(_ path: String) -> [ListeningPort] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var found: [ListeningPort] = []
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 150)
        while true {
            let count = read(file, &piece, piece.count)
            guard count > 0 else { break }
            text += piece[..<count]
            guard let end = text.lastIndex(of: UInt8(ascii: "\n")) else { continue }
            let (listeners, isComplete) = ListeningPort.parse(String(decoding: text[...end], as: UTF8.self)[...])
            found += listeners
            if isComplete { break }
            text.removeSubrange(...end)
        }
        return found + ListeningPort.parse(String(decoding: text, as: UTF8.self)[...]).listeners
    }

    /// Returns every process that descends from `ancestor`, at most about ``processesMax`` of them.
    static func descendants(of ancestor: Int32) -> [Int32] {
        var found: [Int32] = []
        var open = [ancestor]
        while let parent = open.popLast(), found.count < processesMax {
            let children = children(of: parent)
            // A process cannot be its own descendant, but the kernel may reuse a process ID during this search.
            let new = children.filter { $0 != ancestor && !found.contains($0) }
            found += new
            open += new
        }
        return found
    }

    /// Returns the processes whose parent is `parent`; none if they cannot be read.
    static func children(of parent: Int32) -> [Int32] {
        var capacity = 1024
        while true {
            let children = [Int32](unsafeUninitializedCapacity: capacity) { buffer, count in
                count = max(0, f2s_children(parent, buffer.baseAddress, buffer.count))
            }
            // The launcher has at least one child per replica.
            guard children.count == capacity, capacity < childrenMax else { return children }
            capacity *= 4
        }
    }

    /// Returns the inodes of the sockets that a process holds.
    static func socketInodes(of process: Int32) -> [UInt64] {
        var capacity = 1024
        while true {
            let inodes = [UInt64](unsafeUninitializedCapacity: capacity) { buffer, count in
                count = f2s_socket_inodes(process, buffer.baseAddress, buffer.count)
            }
            // A server may hold any number of connections, listed before its listening socket.
            guard inodes.count == capacity, capacity < 1 << 20 else { return inodes }
            capacity *= 4
        }
    }
}

extension ListeningPort {
    fileprivate init(_ found: f2s_listener) {
        let address = withUnsafeBytes(of: found.address) { Array($0) }
        self.init(
            port: Int(found.port), address: found.family == UInt8(AF_INET) ? Array(address.prefix(4)) : address,
            isV6Only: found.is_v6_only, inode: found.inode)
    }
}
