import F2SModel
import Glibc
import Synchronization

/// Looks at a folder again and again, on a thread of its own.
///
/// The thread waits in the kernel and depends neither on the pool of threads that runs tasks nor on their timers, so
/// what is written to the folder counts in time, whatever else the process does.
final class FolderWatcher: Sendable {
    /// The result of one look.
    struct Look: Sendable {
        /// The part of the folder that was looked at: it may be more than was asked for.
        var scope: LookScope
        /// False while a change may still be incomplete.
        var isSettled: Bool
        /// The part to look at next, besides what will have changed, if this one is not settled.
        var rest = LookScope.files([])
        /// Absolute paths of the folders to watch, after a look at everything.
        var folders: Set<String> = []
    }

    private struct State {
        var isRunning = false
        var isStopped = false
        /// Start of the current look on the steady clock; `nil`: there is none.
        var began: Duration?
    }

    private let folder: String
    private let pace: LookPace
    private let look: @Sendable (LookScope) -> Look
    private let notices = FolderNotices()
    private let state = Mutex(State())

    /// Does nothing until ``start()``.
    init(folder: String, pace: LookPace, look: @escaping @Sendable (LookScope) -> Look) {
        self.folder = folder
        self.pace = pace
        self.look = look
    }

    /// Starts the thread unless it runs; `false`: the system has no room for another one.
    func start() -> Bool {
        state.withLock { state in
            if !state.isRunning {
                state.isRunning = DetachedThread.start(name: "f2s-folder") { self.run() } == 0
            }
            return state.isRunning
        }
    }

    /// Ends the thread after the current look and, where a change has yet to settle, the pause behind it.
    func stop() {
        state.withLock { $0.isStopped = true }
        notices.interrupt()
    }

    /// Duration of the current look so far; `nil`: there is none.
    var lookTime: Duration? { state.withLock { $0.began }.map { Moment.now.steady - $0 } }

    private func run() {
        var watched: Set<String> = [folder]
        var hasRepeated = false
        var unsettledLooks = 0
        var scope = LookScope.everything
        /// Time of the next look at everything, on the steady clock.
        var allDueAt = Duration.zero
        while begin() {
            // Before the look, so that what changes while it goes on is not missed.
            notices.watch(watched)
            let (found, cost) = LookPace.measured { look(scope) }
            state.withLock { $0.began = nil }
            if found.scope == .everything {
                // A folder that is new is looked at once more now that it is watched.
                let isNew = found.folders != watched && !hasRepeated
                watched = found.folders
                hasRepeated = isNew
                if isNew {
                    scope = .everything
                    continue
                }
                allDueAt = Moment.now.steady + pace.pause(after: cost, unsettledLooks: 0)
            }
            unsettledLooks = found.isSettled ? 0 : unsettledLooks + 1
            if found.isSettled {
                scope = notices.blockUntilNext(within: allDueAt - Moment.now.steady) ?? .everything
            } else {
                // Notices of a change that has yet to settle are no reason to look sooner.
                let pause = pace.pause(after: cost, unsettledLooks: unsettledLooks)
                poll(nil, 0, Int32(clamping: pause.wholeMilliseconds))
                scope = found.rest
                if let changed = notices.takeEvents() { scope.add(changed) }
            }
            if Moment.now.steady >= allDueAt { scope = .everything }
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
