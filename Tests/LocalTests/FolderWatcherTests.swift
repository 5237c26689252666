import F2SModel
import Glibc
import Synchronization
import Testing

@testable import F2SLocal

@Suite struct FolderWatcherTests {
    /// Counts looks, and answers them as told.
    private final class Looks: Sendable {
        let count = Mutex(0)
        let isSettled = Mutex(true)
        let hangs = Mutex(false)

        func look(_ folder: String) -> FolderWatcher.Look {
            count.withLock { $0 += 1 }
            // Stands for a file system that does not answer.
            while hangs.withLock({ $0 }) { poll(nil, 0, 1) }
            return FolderWatcher.Look(isSettled: isSettled.withLock { $0 }, folders: [folder])
        }
    }

    private func watch(_ folder: TemporaryFolder, _ looks: Looks, interval: Duration = .seconds(600)) -> FolderWatcher {
        let path = folder.path
        let watcher = FolderWatcher(
            folder: path, pace: LookPace(interval: interval, settlingTime: .milliseconds(20))
        ) { looks.look(path) }
        #expect(watcher.start())
        return watcher
    }

    private func isMore(_ looks: Looks, than number: Int) -> Bool { looks.count.withLock { $0 } > number }

    @Test func `a manifest that is written is looked at without a wait for the interval`() async throws {
        let folder = try TemporaryFolder()
        let looks = Looks()
        let watcher = watch(folder, looks)
        defer { watcher.stop() }
        try await eventually("the first look") { isMore(looks, than: 0) }
        for number in 1...3 {
            let before = looks.count.withLock { $0 }
            try folder.write("\(number).yaml", manifest("alpha"))
            try await eventually("a look at \(number).yaml") { isMore(looks, than: before) }
        }
    }

    @Test func `what has yet to settle is looked at again without a notice`() async throws {
        let folder = try TemporaryFolder()
        let looks = Looks()
        looks.isSettled.withLock { $0 = false }
        let watcher = watch(folder, looks)
        defer { watcher.stop() }
        try await eventually("ten looks") { isMore(looks, than: 9) }
    }

    @Test func `a look that hangs can be told from one that has ended`() async throws {
        let folder = try TemporaryFolder()
        let looks = Looks()
        looks.hangs.withLock { $0 = true }
        let watcher = watch(folder, looks)
        defer { watcher.stop() }
        try await eventually("it hangs") { watcher.lookTime.map { $0 >= .milliseconds(20) } ?? false }
        looks.hangs.withLock { $0 = false }
        try await eventually("it has ended") { watcher.lookTime == nil }
    }

    @Test func `its thread ends when it is stopped, however long the interval`() async throws {
        let folder = try TemporaryFolder()
        let looks = Looks()
        weak var gone: FolderWatcher?
        do {
            let watcher = watch(folder, looks)
            gone = watcher
            try await eventually("the first look") { isMore(looks, than: 0) }
            watcher.stop()
        }
        try await eventually("nothing holds it") { gone == nil }
    }
}
