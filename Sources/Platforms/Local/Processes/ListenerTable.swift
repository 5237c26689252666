import CLinux
import Glibc
import Synchronization

/// The TCP sockets that listen on this machine, and whose they are.
final class ListenerTable: Sendable {
    private static let processesMax = 1024
    private static let childrenMax = 65_536
    private static let allPorts = 1...65535

    /// The netlink socket, which stays open: one that is opened when it is needed may not be to be had then. -1 where
    /// the kernel has no such query; `/proc/net` is read then, which takes milliseconds instead of microseconds.
    private let netlink: Mutex<Int32>

    init() { netlink = Mutex(f2s_listeners_open()) }

    deinit { netlink.withLock { if $0 >= 0 { close($0) } } }

    /// What listens now on one of the ports, on the whole machine.
    func current(on ports: ClosedRange<Int> = ListenerTable.allPorts) -> [Listener] {
        fromKernel(ports) ?? Self.fromFiles().filter { ports.contains($0.port) }
    }

    private func fromKernel(_ ports: ClosedRange<Int>) -> [Listener]? {
        netlink.withLock { netlink in
            // It could not be opened while descriptors had run out.
            if netlink < 0 { netlink = f2s_listeners_open() }
            guard netlink >= 0 else { return nil }
            var found: [Listener] = []
            let result = withUnsafeMutablePointer(to: &found) { found in
                f2s_listeners(
                    netlink, UInt16(clamping: ports.lowerBound), UInt16(clamping: ports.upperBound),
                    { context, listener in
                        // The context is the pointer that is passed below, and lives as long as the call.
                        guard let context, let listener = listener?.pointee else { return }
                        context.assumingMemoryBound(to: [Listener].self).pointee.append(Listener(listener))
                    }, found)
            }
            if result != 0 {
                // An answer that was not read to its end would be taken for that to the next question.
                close(netlink)
                netlink = -1
                return nil
            }
            return found
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
        var found: [Listener] = []
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 150)
        while true {
            let count = read(file, &piece, piece.count)
            guard count > 0 else { break }
            text += piece[..<count]
            guard let end = text.lastIndex(of: UInt8(ascii: "\n")) else { continue }
            let (listeners, isComplete) = Listener.parse(String(decoding: text[...end], as: UTF8.self)[...])
            found += listeners
            if isComplete { break }
            text.removeSubrange(...end)
        }
        return found + Listener.parse(String(decoding: text, as: UTF8.self)[...]).listeners
    }

    /// Every process that descends from `ancestor`, nearest first.
    static func descendants(of ancestor: Int32) -> [Int32] {
        var found: [Int32] = []
        var open = [ancestor]
        while let parent = open.popLast(), found.count < processesMax {
            let children = children(of: parent)
            // A process cannot be its own descendant, but a number may be given anew while we look.
            let new = children.filter { $0 != ancestor && !found.contains($0) }
            found += new
            open += new
        }
        return found
    }

    /// The processes whose parent is `parent`; empty if they cannot be read.
    static func children(of parent: Int32) -> [Int32] {
        var capacity = 1024
        while true {
            let children = [Int32](unsafeUninitializedCapacity: capacity) { buffer, count in
                count = max(0, f2s_children(parent, buffer.baseAddress, buffer.count))
            }
            // The launcher has as many as there are replicas.
            guard children.count == capacity, capacity < childrenMax else { return children }
            capacity *= 4
        }
    }

    /// Inodes of the sockets that a process holds.
    static func socketInodes(of process: Int32) -> [UInt64] {
        var capacity = 1024
        while true {
            let inodes = [UInt64](unsafeUninitializedCapacity: capacity) { buffer, count in
                count = f2s_socket_inodes(process, buffer.baseAddress, buffer.count)
            }
            // A server may hold any number of connections before its listener.
            guard inodes.count == capacity, capacity < 1 << 20 else { return inodes }
            capacity *= 4
        }
    }
}

extension Listener {
    fileprivate init(_ found: f2s_listener) {
        let address = withUnsafeBytes(of: found.address) { Array($0) }
        self.init(
            port: Int(found.port), address: found.family == UInt8(AF_INET) ? Array(address.prefix(4)) : address,
            isV6Only: found.is_v6_only, inode: found.inode)
    }
}
