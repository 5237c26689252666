import AsyncHTTPClient
import F2SWrap
import FoundationEssentials
import Glibc
import NIOCore
import Testing

/// Commands that nobody waits for any more must be gone, with all that they have started.
struct AbandonedCommandTests {
    /// Writes the identifier of a grandchild that would outlive its parent.
    private static let stubborn = "trap '' TERM; sleep 300 & echo $! >&2; wait"

    @Test func `what takes too long is killed with its children and answered with 504`() async throws {
        let options = WrapOptions(command: ["sh", "-c", Self.stubborn], timeout: .milliseconds(300))
        try await WrapFixture.serve(options) { wrap in
            let answer = try await wrap.send(wrap.request())
            #expect(answer.status == 504)
            #expect(answer.type == "application/problem+json")
            #expect(answer.body.contains("after 0.3 s"))
            let grandchild = try await wrap.log.processID()
            try await eventually("the end of the grandchild") { kill(grandchild, 0) != 0 }
        }
    }

    @Test func `a client that leaves takes the command with it`() async throws {
        try await WrapFixture.serve("sh", "-c", Self.stubborn) { wrap in
            let grandchild = try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await wrap.send(wrap.request()) }
                let grandchild = try await wrap.log.processID()
                #expect(kill(grandchild, 0) == 0)
                group.cancelAll()
                return grandchild
            }
            try await eventually("the end of the grandchild") { kill(grandchild, 0) != 0 }
        }
    }

    @Test func `half a body never passes for a whole one`() async throws {
        try await WrapFixture.serve("sh", "-c", "echo $$ >&2; cat > /dev/null; echo complete >&2") { wrap in
            let (chunks, more) = AsyncStream.makeStream(of: ByteBuffer.self)
            more.yield(ByteBuffer(string: "half"))
            let process = try await withThrowingTaskGroup(of: Void.self) { group in
                let request = wrap.request("POST", body: .stream(chunks, length: .known(Int64(8))))
                group.addTask { _ = try? await wrap.send(request) }
                let process = try await wrap.log.processID()
                group.cancelAll()
                return process
            }
            try await eventually("the end of the command") { kill(process, 0) != 0 }
            #expect(!wrap.log.text.contains("complete"))
        }
    }

    @Test func `what a command leaves in the background ends with it`() async throws {
        try await WrapFixture.serve("sh", "-c", "sleep 300 > /dev/null 2>&1 & echo $! >&2; echo done") { wrap in
            let answer = try await wrap.send(wrap.request())
            #expect(answer.status == 200)
            #expect(answer.body == "done\n")
            let background = try await wrap.log.processID()
            try await eventually("the end of the background process") { kill(background, 0) != 0 }
        }
    }

    @Test func `a command that has closed its output is waited for`() async throws {
        try await WrapFixture.serve("sh", "-c", "exec >&- 2>&-; cat > /dev/null; exit 4") { wrap in
            let body = ByteBuffer(repeating: 1, count: 4 << 20)
            let answer = try await wrap.send(wrap.request("POST", body: .bytes(body)))
            #expect(answer.status == 500)
            #expect(answer.body.contains(#""exitStatus":4"#))
        }
    }

    @Test func `no more commands than allowed run at once, and the others wait`() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("f2s-wrap-\(UUID().uuidString)").path
        let script = "mkdir '\(folder)' || exit 9; sleep 0.02; rmdir '\(folder)'"
        try await WrapFixture.serve(WrapOptions(command: ["sh", "-c", script], concurrencyMax: 1)) { wrap in
            // As many as the client has connections: a further one would wait in the client.
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 { group.addTask { try await wrap.send(wrap.request()).status } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses == Array(repeating: 200, count: 8))
        }
    }

    @Test func `time that was spent waiting counts`() async throws {
        let options = WrapOptions(
            command: ["sh", "-c", "echo $$ >&2; exec sleep 300"], concurrencyMax: 1, timeout: .milliseconds(400))
        try await WrapFixture.serve(options) { wrap in
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 { group.addTask { try await wrap.send(wrap.request()).status } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses == [504, 504, 504, 504])
        }
    }
}
