import F2SModel
import Glibc
import Synchronization

/// The kernel's word that a manifest has been written, moved or deleted (inotify(7)): a reason to look at once.
///
/// It is a hint. Network file systems say nothing, and only some hundred folders are watched: a caller that waits for a
/// notice looks by itself after a while.
final class FolderNotices: Sendable {
    /// Folders that are watched at most; each costs memory of the kernel.
    private static let foldersMax = 512
    private static let endings = [".yaml", ".yml", ".json"]
    private static let mask = UInt32(
        IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR | IN_EXCL_UNLINK)

    /// -1 where the kernel gives none.
    private let descriptor: Int32
    /// By path.
    private let watches = Mutex<[String: Int32]>([:])

    /// Watches nothing yet.
    init() {
        descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
    }

    deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

    /// Watches these folders and no others; those that are not there are tried again the next time.
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

    /// Blocks the calling thread until the next notice. Notices that came before count.
    /// - Returns: the files that have changed; `nil`: the time is over.
    func blockUntilNext(within limit: Duration) -> LookScope? {
        let end = Moment.now.steady + limit
        while true {
            let left = end - Moment.now.steady
            guard left > .zero else { return nil }
            var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            // A descriptor of -1 is never ready.
            let count = poll(&ready, 1, Int32(clamping: left.wholeMilliseconds + 1))
            if count > 0, let changed = takeEvents() { return changed }
        }
    }

    /// Takes the notices that have come; `nil`: there are none.
    func takeEvents() -> LookScope? {
        var bytes = [UInt8](repeating: 0, count: 16 * 1024)
        var changed: LookScope?
        while true {
            let count = read(descriptor, &bytes, bytes.count)
            guard count > 0 else { return changed }
            if let more = take(bytes[..<count]) {
                changed?.add(more)
                changed = changed ?? more
            }
        }
    }

    /// Ends the wait of the thread that waits.
    func interrupt() {
        guard descriptor >= 0 else { return }
        // A watch that ends is an event.
        inotify_rm_watch(descriptor, inotify_add_watch(descriptor, "/", UInt32(IN_DELETE_SELF)))
    }

    /// Reads events: four numbers of 32 bits, the last being the length of the name that follows.
    private func take(_ bytes: ArraySlice<UInt8>) -> LookScope? {
        let folders = watches.withLock { watches in
            Dictionary(watches.map { ($0.value, $0.key) }, uniquingKeysWith: { first, _ in first })
        }
        var rest = bytes
        var changed: LookScope?
        while rest.count >= 16 {
            let (watch, mask, length) = rest.withUnsafeBytes { bytes in
                (
                    bytes.loadUnaligned(as: Int32.self), bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self),
                    Int(bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
                )
            }
            let name = String(decoding: rest.dropFirst(16).prefix(length).prefix { $0 != 0 }, as: UTF8.self)
            if mask & UInt32(IN_IGNORED) != 0 {
                // The folder is gone; it may come back.
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

    /// The part of the folder that an event is about; `nil`: it is about no manifest. Programs may write whatever they
    /// like beside their manifests.
    private static func scope(of name: String, _ mask: UInt32, folder: String?) -> LookScope? {
        if mask & UInt32(IN_ISDIR | IN_Q_OVERFLOW | IN_IGNORED) != 0 { return .everything }
        // A file that has only been created is empty; its close is an event too.
        guard mask & UInt32(IN_CREATE) == 0 else { return nil }
        guard !name.hasPrefix("."), endings.contains(where: { name.hasSuffix($0) }) else { return nil }
        return folder.map { .files(["\($0)/\(name)"]) } ?? .everything
    }
}
