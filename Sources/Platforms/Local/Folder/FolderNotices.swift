import CLinux
import F2SModel
import Glibc
import Synchronization

/// The kernel's word that a manifest has been written, moved or deleted (inotify(7)): a reason to look at once.
///
/// It is a hint. Network file systems say nothing, and only some hundred folders are watched: a caller that waits for a
/// notice looks by itself after a while.
final class FolderNotices: Sendable {
    private struct State {
        /// By path.
        var watches: [String: Int32] = [:]
        var isPending = false
        var isClosed = false
    }

    /// Folders that are watched at most; each costs memory of the kernel.
    private static let foldersMax = 512
    private static let endings = [".yaml", ".yml", ".json"]
    private static let mask = UInt32(
        IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR | IN_EXCL_UNLINK)

    /// -1 where the kernel gives none.
    private let descriptor: Int32
    private let state = Mutex(State())
    private let signal = Signal()

    /// Watches nothing yet.
    init() {
        descriptor = inotify_init1(Int32(IN_CLOEXEC))
    }

    deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

    /// Watches these folders and no others; those that are not there are tried again the next time.
    func watch(_ folders: Set<String>) {
        guard descriptor >= 0 else { return }
        state.withLock { state in
            for (path, watch) in state.watches where !folders.contains(path) {
                inotify_rm_watch(descriptor, watch)
                state.watches[path] = nil
            }
            for path in folders where state.watches[path] == nil && state.watches.count < Self.foldersMax {
                let watch = inotify_add_watch(descriptor, path, Self.mask)
                if watch >= 0 { state.watches[path] = watch }
            }
        }
    }

    /// Returns at the next notice, or when the time is over, or when the task is cancelled.
    func next(within limit: Duration) async {
        // Subscribed before the look, so that no notice falls between.
        let arrivals = signal.arrivals()
        if takePending() { return }
        await withTaskGroup { tasks in
            tasks.addTask { try? await Task.sleep(for: limit) }
            tasks.addTask {
                for await _ in arrivals where self.takePending() { return }
            }
            await tasks.next()
            tasks.cancelAll()
        }
    }

    /// Begins to listen to the kernel, on a thread that ends with ``close()``.
    func start() {
        guard descriptor >= 0 else { return }
        var thread = pthread_t()
        let owner = Unmanaged.passRetained(self)
        let code = pthread_create(
            &thread, nil,
            { argument in
                f2s_name_thread("f2s-notices")
                // The one retain above ends here; the argument is what was passed below.
                if let argument { Unmanaged<FolderNotices>.fromOpaque(argument).takeRetainedValue().listen() }
                return nil
            }, owner.toOpaque())
        guard code == 0 else { return owner.release() }
        pthread_detach(thread)
    }

    /// Ends the thread. There are no more notices.
    func close() {
        guard descriptor >= 0 else { return }
        state.withLock { $0.isClosed = true }
        // A watch that ends is an event, which wakes the thread.
        inotify_rm_watch(descriptor, inotify_add_watch(descriptor, "/", UInt32(IN_DELETE_SELF)))
    }

    private func takePending() -> Bool {
        state.withLock { state in
            defer { state.isPending = false }
            return state.isPending
        }
    }

    private func listen() {
        var bytes = [UInt8](repeating: 0, count: 16 * 1024)
        while !state.withLock({ $0.isClosed }) {
            let count = read(descriptor, &bytes, bytes.count)
            guard count > 0 else {
                guard count < 0, errno == EINTR else { break }
                continue
            }
            take(bytes[..<count])
        }
    }

    /// Reads events: four numbers of 32 bits, the last being the length of the name that follows.
    private func take(_ bytes: ArraySlice<UInt8>) {
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
                state.withLock { state in state.watches = state.watches.filter { $0.value != watch } }
            }
            isNews = isNews || Self.matters(name, mask)
            rest = rest.dropFirst(16 + length)
        }
        guard isNews else { return }
        state.withLock { $0.isPending = true }
        signal.raise()
    }

    /// Whether a look is worth its while: programs may write whatever they like beside their manifests.
    private static func matters(_ name: String, _ mask: UInt32) -> Bool {
        if mask & UInt32(IN_ISDIR | IN_Q_OVERFLOW | IN_IGNORED) != 0 { return true }
        // What has only been created is empty; its close is news.
        guard mask & UInt32(IN_CREATE) == 0 else { return false }
        return !name.hasPrefix(".") && endings.contains { name.hasSuffix($0) }
    }
}
