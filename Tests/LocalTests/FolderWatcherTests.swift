import F2SModel
import Glibc
import Synchronization
import Testing

@testable import F2SLocal

@Suite struct FolderWatcherTests {
    /// A folder, its watcher, and the number of looks.
    private final class Bench: Sendable {
        let folder: TemporaryFolder
        let count = Mutex(0)
        let isSettled: Bool
        let scopes = Mutex<[LookScope]>([])
        /// Stands for a file system that does not answer.
        let hangs: Mutex<Bool>

        init(isSettled: Bool = true, hangs: Bool = false) throws {
            folder = try TemporaryFolder()
            self.isSettled = isSettled
            self.hangs = Mutex(hangs)
        }

        func isMore(than number: Int) -> Bool { count.withLock { $0 > number } }

        /// Runs `body` while the folder is watched. The interval is longer than any test.
        func run(_ body: (FolderWatcher) async throws -> Void) async throws {
            let pace = LookPace(interval: .seconds(600), settlingTime: .milliseconds(20))
            let watcher = FolderWatcher(folder: folder.path, pace: pace) { [self] scope in
                scopes.withLock { $0.append(scope) }
                count.withLock { $0 += 1 }
                while hangs.withLock({ $0 }) { poll(nil, 0, 1) }
                return FolderWatcher.Look(scope: scope, isSettled: isSettled, folders: [folder.path])
            }
            defer { watcher.stop() }
            #expect(watcher.start())
            try await body(watcher)
        }
    }

    @Test func `a manifest that is written is looked at without a wait for the interval`() async throws {
        let bench = try Bench()
        try await bench.run { _ in
            try await eventually("the first look") { bench.isMore(than: 0) }
            for number in 1...3 {
                let before = bench.count.withLock { $0 }
                try bench.folder.write("\(number).yaml", manifest("alpha"))
                try await eventually("a look at \(number).yaml") { bench.isMore(than: before) }
                let path = "\(bench.folder.path)/\(number).yaml"
                #expect(bench.scopes.withLock { $0.last } == .files([path]), "nothing else is looked at")
            }
        }
    }

    @Test func `a folder that is made is looked at with everything`() async throws {
        let bench = try Bench()
        try await bench.run { _ in
            try await eventually("the first look") { bench.isMore(than: 0) }
            #expect(mkdir(bench.folder.path + "/below", 0o755) == 0)
            try await eventually("a look") { bench.isMore(than: 1) }
            #expect(bench.scopes.withLock { $0.last } == .everything)
        }
    }

    @Test func `a folder that a look at a file has found is looked at with everything`() async throws {
        let folder = try TemporaryFolder()
        let scopes = Mutex<[LookScope]>([])
        let pace = LookPace(interval: .seconds(600), settlingTime: .milliseconds(20))
        let watcher = FolderWatcher(folder: folder.path, pace: pace) { scope in
            let isFirst = scopes.withLock { scopes in
                scopes.append(scope)
                return scopes.count == 1
            }
            let found = isFirst ? [folder.path] : [folder.path, folder.path + "/below"]
            return FolderWatcher.Look(scope: .everything, isSettled: true, folders: Set(found))
        }
        defer { watcher.stop() }
        #expect(watcher.start())
        try await eventually("the first look") { scopes.withLock { $0.count == 1 } }
        try folder.write("a.yaml", manifest("alpha"))
        try await eventually("two more") { scopes.withLock { $0.count >= 3 } }
        #expect(scopes.withLock { $0[1...2] } == [.files([folder.path + "/a.yaml"]), .everything])
    }

    @Test func `what has yet to settle is looked at again without a notice`() async throws {
        let bench = try Bench(isSettled: false)
        try await bench.run { _ in try await eventually("ten looks") { bench.isMore(than: 9) } }
    }

    @Test func `a look that hangs can be told from one that has ended`() async throws {
        let bench = try Bench(hangs: true)
        try await bench.run { watcher in
            try await eventually("it hangs") { watcher.lookTime.map { $0 >= .milliseconds(20) } ?? false }
            bench.hangs.withLock { $0 = false }
            try await eventually("it has ended") { watcher.lookTime == nil }
        }
    }

    @Test func `its thread is started once and ends when it is stopped, however long the interval`() async throws {
        let bench = try Bench()
        weak var gone: FolderWatcher?
        try await bench.run { watcher in
            gone = watcher
            try await eventually("the first look") { bench.isMore(than: 0) }
            #expect(watcher.start())
        }
        try await eventually("nothing holds it") { gone == nil }
        #expect(bench.count.withLock { $0 } == 1)
    }
}
