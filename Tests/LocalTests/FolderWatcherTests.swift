import F2SModel
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import F2SLocal

@Suite struct FolderWatcherTests {
    /// A folder, its watcher, and the number of scans.
    private final class Bench: Sendable {
        let folder: TemporaryFolder
        let count = Mutex(0)
        let isStable: Bool
        let scopes = Mutex<[ScanScope]>([])
        /// Simulates a file system that does not respond.
        let hangs: Mutex<Bool>

        init(isStable: Bool = true, hangs: Bool = false) throws {
            folder = try TemporaryFolder()
            self.isStable = isStable
            self.hangs = Mutex(hangs)
        }

        func isMore(than number: Int) -> Bool { count.withLock { $0 > number } }

        /// Runs `body` while the folder is watched. The interval is longer than any test.
        func run(_ body: (FolderWatcher) async throws -> Void) async throws {
            let pace = ScanPace(interval: .seconds(600), stabilisationTime: .milliseconds(20))
            let watcher = FolderWatcher(folder: folder.path, pace: pace) { [self] scope in
                scopes.withLock { $0.append(scope) }
                count.withLock { $0 += 1 }
                while hangs.withLock({ $0 }) { poll(nil, 0, 1) }
                return FolderWatcher.Scan(scope: scope, isStable: isStable, folders: [folder.path])
            }
            defer { watcher.stop() }
            #expect(watcher.start())
            try await body(watcher)
        }
    }

    @Test func `a manifest that is written is scanned before the interval is over`() async throws {
        let bench = try Bench()
        try await bench.run { _ in
            try await eventually("the first scan") { bench.isMore(than: 0) }
            for number in 1...3 {
                let before = bench.count.withLock { $0 }
                try bench.folder.write("\(number).yaml", manifest("alpha"))
                try await eventually("a scan of \(number).yaml") { bench.isMore(than: before) }
                let path = "\(bench.folder.path)/\(number).yaml"
                #expect(bench.scopes.withLock { $0.last } == .files([path]), "nothing else is scanned")
            }
        }
    }

    @Test func `a new folder leads to a scan of everything`() async throws {
        let bench = try Bench()
        try await bench.run { _ in
            try await eventually("the first scan") { bench.isMore(than: 0) }
            #expect(mkdir(bench.folder.path + "/below", 0o755) == 0)
            try await eventually("a scan") { bench.isMore(than: 1) }
            #expect(bench.scopes.withLock { $0.last } == .everything)
        }
    }

    @Test func `a folder that a scan of a file has found leads to a scan of everything`() async throws {
        let folder = try TemporaryFolder()
        let scopes = Mutex<[ScanScope]>([])
        let pace = ScanPace(interval: .seconds(600), stabilisationTime: .milliseconds(20))
        let watcher = FolderWatcher(folder: folder.path, pace: pace) { scope in
            let isFirst = scopes.withLock { scopes in
                scopes.append(scope)
                return scopes.count == 1
            }
            let found = isFirst ? [folder.path] : [folder.path, folder.path + "/below"]
            return FolderWatcher.Scan(scope: .everything, isStable: true, folders: Set(found))
        }
        defer { watcher.stop() }
        #expect(watcher.start())
        try await eventually("the first scan") { scopes.withLock { $0.count == 1 } }
        try folder.write("a.yaml", manifest("alpha"))
        try await eventually("two more scans") { scopes.withLock { $0.count >= 3 } }
        #expect(scopes.withLock { $0[1...2] } == [.files([folder.path + "/a.yaml"]), .everything])
    }

    @Test func `a change that may be incomplete is scanned again without a notice`() async throws {
        let bench = try Bench(isStable: false)
        try await bench.run { _ in try await eventually("ten scans") { bench.isMore(than: 9) } }
    }

    @Test func `a scan that hangs can be distinguished from one that has ended`() async throws {
        let bench = try Bench(hangs: true)
        try await bench.run { watcher in
            try await eventually("it hangs") { watcher.lookTime.map { $0 >= .milliseconds(20) } ?? false }
            bench.hangs.withLock { $0 = false }
            try await eventually("it has ended") { watcher.lookTime == nil }
        }
    }

    @Test func `the thread is started once and ends when the watcher is stopped, however long the interval`()
        async throws
    {
        let bench = try Bench()
        weak var gone: FolderWatcher?
        try await bench.run { watcher in
            gone = watcher
            try await eventually("the first scan") { bench.isMore(than: 0) }
            #expect(watcher.start())
        }
        try await eventually("nothing refers to the watcher") { gone == nil }
        #expect(bench.count.withLock { $0 } == 1)
    }
}
