import F2SModel
import F2SSystem
import Glibc
import Synchronization

/// Scans a folder repeatedly on a thread of its own.
///
/// The thread waits in the kernel. It depends neither on the thread pool that runs tasks nor on task timers, so changes
/// of the folder are applied in time even if the rest of the process is busy.
final class FolderWatcher: Sendable {
    /// The result of one scan.
    struct Scan: Sendable {
        /// The part of the folder that was scanned. It may be larger than the requested part.
        var scope: ScanScope
        /// False while a change may still be incomplete.
        var isStable: Bool
        /// The part to scan next, in addition to new changes, if this scan is not stable.
        var rest = ScanScope.files([])
        /// The absolute paths of the folders to watch. Used only after a scan of everything.
        var folders: Set<String> = []
    }

    private struct State {
        var isRunning = false
        var isStopped = false
        /// The start of the current scan on the steady clock; `nil` if none is running.
        var began: Duration?
    }

    private let folder: String
    private let pace: ScanPace
    private let scan: @Sendable (ScanScope) -> Scan
    private let notices = FolderNotices()
    private let state = Mutex(State())

    /// Creates a watcher that does nothing until ``start()`` is called.
    init(folder: String, pace: ScanPace, scan: @escaping @Sendable (ScanScope) -> Scan) {
        self.folder = folder
        self.pace = pace
        self.scan = scan
    }

    /// Starts the thread unless it is running. Returns `false` if the system cannot start another thread.
    func start() -> Bool {
        state.withLock { state in
            if !state.isRunning {
                state.isRunning = SystemThread.startDetached(name: "f2s-folder") { self.run() } == 0
            }
            return state.isRunning
        }
    }

    /// Ends the thread after the current scan and, while a change may be incomplete, after the pause that follows it.
    func stop() {
        state.withLock { $0.isStopped = true }
        notices.interrupt()
    }

    /// The duration of the current scan so far; `nil` if none is running.
    var lookTime: Duration? { state.withLock { $0.began }.map { Moment.now.steady - $0 } }

    private func run() {
        var watched: Set<String> = [folder]
        var hasRepeated = false
        var unstableScans = 0
        var scope = ScanScope.everything
        /// The time of the next scan of everything, on the steady clock.
        var allDueAt = Duration.zero
        while begin() {
            // Watching begins before the scan, so that changes during the scan are not missed.
            notices.watch(watched)
            let (found, cost) = ScanPace.measured { scan(scope) }
            state.withLock { $0.began = nil }
            if found.scope == .everything {
                // If there are new folders, everything is scanned once more now that they are watched.
                let isNew = found.folders != watched && !hasRepeated
                watched = found.folders
                hasRepeated = isNew
                if isNew {
                    scope = .everything
                    continue
                }
                allDueAt = Moment.now.steady + pace.pause(after: cost, unstableScans: 0)
            }
            unstableScans = found.isStable ? 0 : unstableScans + 1
            if found.isStable {
                scope = notices.blockUntilNext(within: allDueAt - Moment.now.steady) ?? .everything
            } else {
                // Notices of a change that may be incomplete are no reason to scan sooner.
                let pause = pace.pause(after: cost, unstableScans: unstableScans)
                poll(nil, 0, Int32(clamping: pause.wholeMilliseconds))
                scope = found.rest
                if let changed = notices.readEvents() { scope.add(changed) }
            }
            if Moment.now.steady >= allDueAt { scope = .everything }
        }
    }

    /// Begins a scan. Returns `false` if the watcher was stopped.
    private func begin() -> Bool {
        state.withLock { state in
            guard !state.isStopped else { return false }
            state.began = Moment.now.steady
            return true
        }
    }
}
