import AsyncHTTPClient
import F2SWrap
import FoundationEssentials
import Glibc
import NIOCore
import Testing

/// A command for which no client waits any more must end, with all the processes that it has started.
struct AbandonedCommandTests {
    /// A script that writes the process ID of a grandchild, which would outlive its parent.
    private static let stubborn = "trap '' TERM; sleep 300 & echo $! >&2; wait"

    @Test func `a command that takes too long is killed with its children, and the response is 504`() async throws {
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

    @Test func `a command and its children are killed when its client leaves`() async throws {
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

    @Test func `a command never reads half a body as a whole one`() async throws {
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

    @Test func `background processes of a command end with it`() async throws {
        try await WrapFixture.serve("sh", "-c", "sleep 300 > /dev/null 2>&1 & echo $! >&2; echo done") { wrap in
            let answer = try await wrap.send(wrap.request())
            #expect(answer.status == 200)
            #expect(answer.body == "done\n")
            let background = try await wrap.log.processID()
            try await eventually("the end of the background process") { kill(background, 0) != 0 }
        }
    }

    @Test func `the server waits for a command that has closed its output`() async throws {
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
            // As many requests as the client has connections. A further one would wait in the client.
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 { group.addTask { try await wrap.send(wrap.request()).status } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses == Array(repeating: 200, count: 8))
        }
    }

    @Test func `the time in the queue counts towards the timeout`() async throws {
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
