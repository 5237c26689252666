import F2SSystem
import Glibc
import Synchronization
import Testing

@Suite struct RecordWriterTests {
    private typealias Writer = RecordWriter<Int>

    /// The failures that a writer reports.
    private final class Failures: Sendable {
        let all = Mutex<[RecordWriterFailure]>([])
    }

    /// Runs `body` with a new folder, which is removed afterwards with its files `a` and `b`.
    private func withFolder(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/f2s-records-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer {
            for name in ["a", "b"] { unlink("\(folder)/\(name)") }
            rmdir(folder)
        }
        try body(folder)
    }

    private func writer(_ failures: Failures = Failures(), waitingMax: Int = 10_000) -> Writer {
        Writer(threadName: "test", waitingMax: waitingMax) {
            "\($0)"
        } failed: { failure in
            failures.all.withLock { $0.append(failure) }
        }
    }

    private func lines(_ path: String) throws -> [String] {
        let bytes = try ReadableFile.read(path, bytesMax: 1 << 20)
        #expect(bytes.isEmpty || bytes.last == UInt8(ascii: "\n"))
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { String($0) }
    }

    @Test func `records are written as lines, in their order, to a file that only its group may read`() throws {
        try withFolder { folder in
            let writer = writer()
            writer.write(-1)
            writer.set(.file("\(folder)/a"))
            for number in 0..<5000 { writer.write(number) }
            writer.flush()
            let a = try lines("\(folder)/a")
            #expect(a == (0..<5000).map { "\($0)" })
            var status = stat()
            #expect(stat("\(folder)/a", &status) == 0 && status.st_mode & 0o7777 & ~0o640 == 0)
        }
    }

    @Test func `several threads lose no record`() async throws {
        var template = Array("/tmp/f2s-records-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        let writer = writer()
        writer.set(.file("\(folder)/a"))
        await withDiscardingTaskGroup { group in
            for start in 0..<4 {
                group.addTask { for number in 0..<1000 { writer.write(start * 1000 + number) } }
            }
        }
        writer.flush()
        let all = try lines("\(folder)/a")
        #expect(Set(all).count == 4000)
        unlink("\(folder)/a")
        rmdir(folder)
    }

    @Test func `a renamed file is replaced by a new one`() throws {
        try withFolder { folder in
            let writer = writer()
            writer.set(.file("\(folder)/a"))
            writer.write(1)
            writer.flush()
            #expect(rename("\(folder)/a", "\(folder)/b") == 0)
            writer.write(2)
            writer.flush()
            let b = try lines("\(folder)/b")
            #expect(b == ["1"])
            let a = try lines("\(folder)/a")
            #expect(a == ["2"])
        }
    }

    @Test func `a file that cannot be written is reported once, and its records as lost`() throws {
        try withFolder { folder in
            let failures = Failures()
            let writer = writer(failures)
            writer.set(.file("\(folder)/none/a"))
            for number in 0..<3 {
                writer.write(number)
                writer.flush()
            }
            let missing = RecordWriterFailure.unwritable(path: "\(folder)/none/a", SystemFailure(code: ENOENT))
            #expect(failures.all.withLock { $0 } == [missing, .lost(1), .lost(1), .lost(1)])
            writer.set(.file("\(folder)/a"))
            writer.write(3)
            writer.flush()
            let a = try lines("\(folder)/a")
            #expect(a == ["3"])
        }
    }

    @Test func `a pipe that nothing reads delays no caller, and the records beyond the bound are counted`() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let failures = Failures()
        let writer = Writer(threadName: "test", waitingMax: 10) { _ in
            String(repeating: "x", count: 200_000)
        } failed: { failure in
            failures.all.withLock { $0.append(failure) }
        }
        writer.set(.descriptor(ends[1]))
        writer.write(0)
        // The thread has taken the record once the pipe is full; then ten records wait.
        var ready = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
        try #require(poll(&ready, 1, 10_000) == 1)
        for number in 1...25 { writer.write(number) }
        var (buffer, total) = ([UInt8](repeating: 0, count: 1 << 16), 0)
        while total < 11 * 200_001 {
            let count = read(ends[0], &buffer, buffer.count)
            try #require(count > 0)
            total += count
        }
        writer.flush()
        #expect(failures.all.withLock { $0 } == [.lost(15)])
    }

    @Test func `a named pipe without a reader does not block the thread`() throws {
        try withFolder { folder in
            let failures = Failures()
            let writer = writer(failures)
            try #require(mkfifo("\(folder)/a", 0o600) == 0)
            writer.set(.file("\(folder)/a"))
            writer.write(1)
            writer.flush()
            let failure = RecordWriterFailure.unwritable(path: "\(folder)/a", SystemFailure(code: ENXIO))
            #expect(failures.all.withLock { $0 } == [failure, .lost(1)])
        }
    }
}
