import F2SModel
import F2SSystem
import Foundation
import Glibc
import Synchronization
import Testing

@testable import F2SLocal

@Suite struct HostileFolderTests {
    private func open(_ folder: TemporaryFolder, _ adjust: (inout LocalOptions) -> Void = { _ in }) -> ManifestDirectory
    {
        var options = LocalOptions(
            folder: folder.path + "/functions", launcher: "/nothing", sourcesFolder: "/nothing", environment: [:])
        adjust(&options)
        return ManifestDirectory(options, logger: quiet)
    }

    private func snapshot(_ directory: ManifestDirectory) async throws -> FunctionSnapshot {
        try await directory.withSnapshots {
            for await snapshot in $0 { return snapshot }; return FunctionSnapshot()
        }
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test func `a write never goes through a link with the name of a draft`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("victim", "precious")
        try folder.write("functions/readme.txt", "")
        for name in [".alpha.yaml.f2s-draft", ".alpha.yaml.f2s-draft-x"] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder.path)/functions/\(name)", withDestinationPath: folder.path + "/victim")
        }
        let directory = open(folder)
        let stored = try await directory.create(draft("alpha"))
        _ = try await directory.replace(
            draft("alpha", Target(command: ["changed"])), ifRevision: stored.storeRevision)
        #expect(try folder.read("victim") == "precious")
        #expect(throws: ManifestFile.Failure.self) {
            symlink(folder.path + "/victim", folder.path + "/functions/.b.yaml.f2s-draft.y")
            try ManifestFile.write([1], folder: folder.path + "/functions", name: "missing/b.yaml", replacing: false)
        }
    }

    @Test func `a named pipe with the name of a draft, a manifest or the rules blocks nothing`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("functions/good.yaml", manifest("good"))
        for name in [".alpha.yaml.f2s-draft", "pipe.yaml", ".f2signore"] {
            #expect(mkfifo("\(folder.path)/functions/\(name)", 0o600) == 0)
        }
        let directory = open(folder)
        directory.scan()
        _ = try await directory.create(draft("alpha"))
        #expect(try await snapshot(directory).functions.map(\.name.text) == ["good", "alpha"])
    }

    @Test func `only the owner can read a new manifest, and a rewritten one keeps its mode`() async throws {
        let folder = try TemporaryFolder()
        let directory = open(folder)
        let stored = try await directory.create(draft("alpha"))
        let path = folder.path + "/functions/alpha.yaml"
        #expect(try mode(path) == 0o600)
        for kept in [0o640, 0o664, 0o600] {
            #expect(chmod(path, mode_t(kept)) == 0)
            let target = Target(command: ["\(kept)"])
            _ = try await directory.replace(draft("alpha", target), ifRevision: nil)
            #expect(try mode(path) == kept)
        }
        _ = stored
    }

    @Test func `links that lead out of the folder are followed only if a setting allows it`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("functions/a.yaml", manifest("alpha"))
        try folder.write("functions/sub/b.yaml", manifest("beta"))
        try folder.write("elsewhere/c.yaml", manifest("gamma"))
        try folder.write("functions-more/d.yaml", manifest("delta"))
        for (link, target) in [
            ("tree", "/elsewhere"), ("c.yaml", "/elsewhere/c.yaml"), ("d", "/functions-more"),
            ("e.yaml", "/functions/sub/b.yaml"),
        ] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder.path)/functions/\(link)", withDestinationPath: folder.path + target)
        }
        let directory = open(folder)
        directory.scan()
        let seen = try await snapshot(directory)
        #expect(seen.functions.map(\.name.text) == ["alpha", "beta"])
        let told = seen.rejections.filter { $0.message.contains("f2s.follow_links") }
        #expect(told.count == 1 && told.first?.message.hasPrefix("c.yaml, d, tree: ") == true, "\(seen.rejections)")
        let following = open(folder) { $0.followsLinks = true }
        following.scan()
        #expect(Set(try await snapshot(following).functions.map(\.name.text)) == ["alpha", "beta", "gamma", "delta"])
    }

    /// True if this process has CAP_SYS_ADMIN, the capability 21 (capabilities(7)).
    private static let mayMount: Bool = {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        let mask = line?.split(whereSeparator: \.isWhitespace).last.flatMap { UInt64($0, radix: 16) } ?? 0
        return mask & (1 << 21) != 0
    }()

    @Test(.enabled(if: mayMount))
    func `another file system below the folder is read only if a setting allows it`() async throws {
        let folder = try TemporaryFolder()
        let mounted = folder.path + "/functions/mounted"
        try folder.write("functions/a.yaml", manifest("alpha"))
        try folder.write("functions/sub/b.yaml", manifest("beta"))
        try FileManager.default.createDirectory(atPath: mounted, withIntermediateDirectories: true)
        let isMounted = mount("f2s-test", mounted, "tmpfs", 0, nil) == 0
        defer {
            // The unmount must precede the removal of the folder. With MNT_DETACH, open files do not prevent it.
            withExtendedLifetime(folder) { if isMounted { umount2(mounted, Int32(MNT_DETACH)) } }
        }
        try #require(isMounted)
        try folder.write("functions/mounted/c.yaml", manifest("gamma"))
        try folder.write("functions/mounted/deep/d.yaml", manifest("delta"))
        // The file is hidden, so that only the link leads to it.
        try folder.write("functions/mounted/.e.yaml", manifest("epsilon"))
        #expect(symlink("mounted/.e.yaml", folder.path + "/functions/linked.yaml") == 0)
        let directory = open(folder)
        directory.scan()
        let seen = try await snapshot(directory)
        #expect(seen.functions.map(\.name.text) == ["alpha", "beta"])
        let told = seen.rejections.filter { $0.message.contains("f2s.follow_links") }
        #expect(told.count == 1 && seen.rejections.count == 1, "\(seen.rejections)")
        let words = "linked.yaml, mounted: leads out of the folder or to another file system"
        #expect(told.first?.message.hasPrefix(words) == true, "\(seen.rejections)")
        let following = open(folder) { $0.followsLinks = true }
        following.scan()
        let all = try await snapshot(following)
        #expect(Set(all.functions.map(\.name.text)) == ["alpha", "beta", "gamma", "delta", "epsilon"])
        #expect(all.rejections.isEmpty, "\(all.rejections)")
    }

    @Test func `a manifest or folder with a name that is not UTF-8 is reported`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("functions/a.yaml", manifest("alpha"))
        let names: [[UInt8]] = [
            Array("caf".utf8) + [0xE9] + Array(".yaml".utf8), Array("dir".utf8) + [0xFF], Array("notes".utf8) + [0xE9],
        ]
        for (index, name) in names.enumerated() {
            let path = Array((folder.path + "/functions/").utf8) + name + [0]
            path.withUnsafeBufferPointer { bytes in
                bytes.withMemoryRebound(to: CChar.self) { text in
                    guard let start = text.baseAddress else { return }
                    if index == 1 { mkdir(start, 0o755) } else { close(creat(start, 0o644)) }
                }
            }
        }
        let directory = open(folder)
        directory.scan()
        let seen = try await snapshot(directory)
        #expect(seen.functions.map(\.name.text) == ["alpha"])
        #expect(seen.rejections.map(\.location) == ["caf\u{FFFD}.yaml", "dir\u{FFFD}"])
        #expect(seen.rejections.allSatisfy { $0.message.contains("not UTF-8") })
    }

    @Test func `a file operation that hangs blocks no caller, and one that had not begun never runs`() async throws {
        let thread = WorkThread(name: "f2s-files")
        let (gate, open) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let lock = Mutex(false)
        let wasDone = Mutex(false)
        let hasBegun = Mutex(false)
        // On a busy machine, the time limit may pass before the work has begun.
        while !hasBegun.withLock({ $0 }) {
            await #expect(throws: WorkThread.Failure.tookTooLong(.milliseconds(20))) {
                try await thread.run(within: .milliseconds(20)) {
                    hasBegun.withLock { $0 = true }
                    // Simulates a file system that does not respond.
                    while !lock.withLock({ $0 }) { sched_yield() }
                    open.yield()
                }
            }
        }
        await #expect(throws: WorkThread.Failure.self) {
            try await thread.run(within: .milliseconds(20)) { wasDone.withLock { $0 = true } }
        }
        lock.withLock { $0 = true }
        for await _ in gate { break }
        #expect(try await thread.run { 42 } == 42)
        #expect(!wasDone.withLock { $0 })
    }
}
