import F2SModel
import F2SSystem
import Glibc
import Synchronization

/// The kernel's notices that a manifest was written, moved or deleted (inotify(7)), each a reason to scan at once.
///
/// Notices are hints. Network file systems send none, and only some hundred folders are watched. So a caller that waits
/// for a notice must also scan after a time limit.
final class FolderNotices: Sendable {
    /// The maximum number of folders that are watched. Each costs kernel memory.
    private static let foldersMax = 512
    private static let endings = [".yaml", ".yml", ".json"]
    private static let mask = UInt32(
        IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR | IN_EXCL_UNLINK)

    /// The inotify descriptor; -1 if the kernel provides none.
    private let descriptor: Int32
    /// The kernel's watch descriptors by path.
    private let watches = Mutex<[String: Int32]>([:])

    /// Creates an object that watches no folder yet.
    init() {
        descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
    }

    deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

    /// Watches these folders and no others. A folder that does not exist is tried again in the next call.
    func watch(_ folders: Set<String>) {
        guard descriptor >= 0 else { return }
        watches.withLock { watches in
            for (path, watch) in watches where !folders.contains(path) {
                inotify_rm_watch(descriptor, watch)
                watches[path] = nil
            }
            for path in folders where watches[path] == nil && watches.count < Self.foldersMax {
                let watch = inotify_add_watch(descriptor, path, Self.mask)
                if watch >= 0 { watches[path] = watch }
            }
        }
    }

    /// Blocks the calling thread until the next notice. Returns at once if notices have arrived already.
    /// - Returns: The scope that has changed; `nil` if the time limit has passed.
    func blockUntilNext(within limit: Duration) -> ScanScope? {
        let end = Moment.now.steady + limit
        while true {
            let left = end - Moment.now.steady
            guard left > .zero else { return nil }
            var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            // A descriptor of -1 is never ready.
            let count = poll(&ready, 1, Int32(clamping: left.wholeMilliseconds + 1))
            if count > 0, let changed = readEvents() { return changed }
        }
    }

    /// Reads the notices that have arrived. Returns `nil` if there are none.
    func readEvents() -> ScanScope? {
        var bytes = [UInt8](repeating: 0, count: 16 * 1024)
        var changed: ScanScope?
        while true {
            let count = read(descriptor, &bytes, bytes.count)
            guard count > 0 else { return changed }
            if let more = parse(bytes[..<count]) {
                changed?.add(more)
                changed = changed ?? more
            }
        }
    }

    /// Ends the wait of the thread that is blocked.
    func interrupt() {
        guard descriptor >= 0 else { return }
        // The kernel reports the end of a watch as an event.
        inotify_rm_watch(descriptor, inotify_add_watch(descriptor, "/", UInt32(IN_DELETE_SELF)))
    }

    /// Parses events. Each has four 32-bit numbers, the last of which is the length of the name that follows.
    private func parse(_ bytes: ArraySlice<UInt8>) -> ScanScope? {
        let folders = watches.withLock { watches in
            Dictionary(watches.map { ($0.value, $0.key) }, uniquingKeysWith: { first, _ in first })
        }
        var rest = bytes
        var changed: ScanScope?
        while rest.count >= 16 {
            let (watch, mask, length) = rest.withUnsafeBytes { bytes in
                (
                    bytes.loadUnaligned(as: Int32.self), bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self),
                    Int(bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
                )
            }
            let name = String(decoding: rest.dropFirst(16).prefix(length).prefix { $0 != 0 }, as: UTF8.self)
            if mask & UInt32(IN_IGNORED) != 0 {
                // The folder no longer exists. Forgetting its watch lets it be watched again if it comes back.
                watches.withLock { watches in watches = watches.filter { $0.value != watch } }
            }
            if let more = Self.scope(of: name, mask, folder: folders[watch]) {
                changed?.add(more)
                changed = changed ?? more
            }
            rest = rest.dropFirst(16 + length)
        }
        return changed
    }

    /// Returns the scope that an event affects; `nil` if it affects no manifest. Programs may write other files beside
    /// their manifests.
    private static func scope(of name: String, _ mask: UInt32, folder: String?) -> ScanScope? {
        if mask & UInt32(IN_ISDIR | IN_Q_OVERFLOW | IN_IGNORED) != 0 { return .everything }
        // A file that has just been created is empty. Another event follows when it is closed.
        guard mask & UInt32(IN_CREATE) == 0 else { return nil }
        guard !name.hasPrefix("."), endings.contains(where: { name.hasSuffix($0) }) else { return nil }
        return folder.map { .files(["\($0)/\(name)"]) } ?? .everything
    }
}
