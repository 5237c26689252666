import F2SSystem
import Glibc
import Testing

@Suite struct ReadableFileTests {
    /// Runs `body` with the path of a new folder, and removes the folder.
    private func withFolder(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/f2s-system-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer {
            for name in ["file", "pipe"] { unlink("\(folder)/\(name)") }
            rmdir(folder)
        }
        try body(folder)
    }

    private func write(_ bytes: [UInt8], to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        try #require(file >= 0)
        defer { close(file) }
        try #require(Glibc.write(file, bytes, bytes.count) == bytes.count)
    }

    @Test(arguments: [(0, 0), (1, 1), (99_999, 99_999), (100_000, 100_000), (100_001, 100_000), (-1, 0)])
    func `a file is read to its end or to the limit`(limit: Int, count: Int) throws {
        try withFolder { folder in
            let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 251) }
            try write(bytes, to: "\(folder)/file")
            #expect(try ReadableFile.read("\(folder)/file", bytesMax: limit) == Array(bytes.prefix(count)))
        }
    }

    @Test func `a second read continues at the position of the first`() throws {
        try withFolder { folder in
            try write(Array("abcde".utf8), to: "\(folder)/file")
            let file = try ReadableFile("\(folder)/file")
            #expect(try file.read(bytesMax: 2) == Array("ab".utf8))
            #expect(try file.read(bytesMax: 100) == Array("cde".utf8))
            #expect(try file.read(bytesMax: 100) == [])
        }
    }

    @Test func `a file under proc is read although it has no size`() throws {
        #expect(try ReadableFile.read("/proc/self/stat", bytesMax: 4096).count > 10)
    }

    @Test func `a missing file and a folder are errors of the system`() throws {
        try withFolder { folder in
            #expect(throws: SystemFailure(code: ENOENT)) { try ReadableFile.read("\(folder)/file", bytesMax: 1) }
            #expect(throws: SystemFailure(code: EISDIR)) { try ReadableFile.read(folder, bytesMax: 1) }
        }
    }

    @Test func `a named pipe without a writer is empty and does not block`() throws {
        try withFolder { folder in
            try #require(mkfifo("\(folder)/pipe", 0o600) == 0)
            #expect(try ReadableFile.read("\(folder)/pipe", bytesMax: 10) == [])
        }
    }

    @Test func `a pipe is read until its writer ends`() throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { close(ends[0]) }
        let written = Glibc.write(ends[1], "token", 5)
        close(ends[1])
        try #require(written == 5)
        #expect(try ReadableFile.read("/dev/fd/\(ends[0])", bytesMax: 100, isWaiting: true) == Array("token".utf8))
    }

    @Test func `the descriptor is closed at the end`() throws {
        func descriptor() throws -> Int32 {
            let file = try ReadableFile("/proc/self/stat")
            return file.descriptor
        }
        // Other tests may open files at the same time, so the number alone proves nothing.
        let closed = try (0..<100).contains { _ in fcntl(try descriptor(), F_GETFD) == -1 }
        #expect(closed)
    }

    @Test func `a failure has the system's text and knows a lack of descriptors`() {
        #expect(SystemFailure(code: ENOENT).text == "No such file or directory")
        #expect([EMFILE, ENFILE, ETOOMANYREFS].allSatisfy { SystemFailure(code: $0).isOutOfDescriptors })
        #expect(!SystemFailure(code: ENOENT).isOutOfDescriptors)
    }
}
