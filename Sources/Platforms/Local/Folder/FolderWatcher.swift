import F2SModel
import Glibc
import Synchronization

/// Looks at a folder again and again, on a thread of its own.
///
/// The thread waits in the kernel, and neither for the pool of threads that runs tasks nor for their timers: what has
/// been written to the folder counts in time, whatever else the process does.
final class FolderWatcher: Sendable {
    /// What one look has found.
    struct Look: Sendable {
        /// Whether no change has yet to settle.
        var isSettled: Bool
        /// Absolute paths of the folders to watch.
        var folders: Set<String>
    }

    private struct State {
        var isStopped = false
        /// When the look that goes on began, on the steady clock.
        var began: Duration?
    }

    private let folder: String
    private let pace: LookPace
    private let look: @Sendable () -> Look
    private let notices = FolderNotices()
    private let state = Mutex(State())

    /// Does nothing until ``start()``.
    init(folder: String, pace: LookPace, look: @escaping @Sendable () -> Look) {
        self.folder = folder
        self.pace = pace
        self.look = look
    }

    /// Starts the thread; `false` when the system has no room for another one.
    func start() -> Bool {
        DetachedThread.start(name: "f2s-folder") { self.run() } == 0
    }

    /// Ends the thread as soon as no look goes on.
    func stop() {
        state.withLock { $0.isStopped = true }
        notices.interrupt()
    }

    /// How long the look that goes on has taken so far; `nil`: none goes on.
    var lookTime: Duration? { state.withLock { $0.began }.map { Moment.now.steady - $0 } }

    private func run() {
        var watched: Set<String> = [folder]
        var hasRepeated = false
        while begin() {
            // Before the look, so that what changes while it goes on is not missed.
            notices.watch(watched)
            let (found, cost) = LookPace.measured(look)
            state.withLock { $0.began = nil }
            // A folder that is new is looked at once more now that it is watched.
            let isNew = found.folders != watched && !hasRepeated
            watched = found.folders
            hasRepeated = isNew
            if isNew { continue }
            let pause = pace.pause(after: cost, isSettled: found.isSettled)
            if found.isSettled {
                notices.blockUntilNext(within: pause)
            } else {
                // Notices of a change that has yet to settle are no reason to look sooner.
                poll(nil, 0, Int32(clamping: pause.wholeMilliseconds))
            }
        }
    }

    /// Begins a look; `false` when there are to be no more.
    private func begin() -> Bool {
        state.withLock { state in
            guard !state.isStopped else { return false }
            state.began = Moment.now.steady
            return true
        }
    }
}
