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

    /// Blocks the calling thread until the next notice, or until the time is over. Notices that came before count.
    func blockUntilNext(within limit: Duration) {
        let end = Moment.now.steady + limit
        while true {
            let left = end - Moment.now.steady
            guard left > .zero else { return }
            var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            // A descriptor of -1 is never ready.
            let count = poll(&ready, 1, Int32(clamping: left.wholeMilliseconds + 1))
            if count > 0, takeEvents() { return }
        }
    }

    /// Ends the wait of the thread that waits.
    func interrupt() {
        guard descriptor >= 0 else { return }
        // A watch that ends is an event.
        inotify_rm_watch(descriptor, inotify_add_watch(descriptor, "/", UInt32(IN_DELETE_SELF)))
    }

    /// Takes all events that have come; returns whether one of them is a reason to look.
    private func takeEvents() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16 * 1024)
        var isNews = false
        while true {
            let count = read(descriptor, &bytes, bytes.count)
            guard count > 0 else { return isNews }
            if take(bytes[..<count]) { isNews = true }
        }
    }

    /// Reads events: four numbers of 32 bits, the last being the length of the name that follows.
    private func take(_ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        var isNews = false
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
            isNews = isNews || Self.matters(name, mask)
            rest = rest.dropFirst(16 + length)
        }
        return isNews
    }

    /// Whether a look is worth its while: programs may write whatever they like beside their manifests.
    private static func matters(_ name: String, _ mask: UInt32) -> Bool {
        if mask & UInt32(IN_ISDIR | IN_Q_OVERFLOW | IN_IGNORED) != 0 { return true }
        // What has only been created is empty; its close is news.
        guard mask & UInt32(IN_CREATE) == 0 else { return false }
        return !name.hasPrefix(".") && endings.contains { name.hasSuffix($0) }
    }
}
