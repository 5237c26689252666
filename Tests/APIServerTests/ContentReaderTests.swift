import F2SModel
import HTTPTypes
import Hummingbird
import NIOCore
import Testing

@testable import F2SAPIServer

@Suite struct ContentReaderTests {
    private func reader(bytesMax: Int = 100, timeout: Duration = .seconds(60)) -> ContentReader {
        ContentReader(bytesMax: { bytesMax }, timeout: { timeout })
    }

    private func request(_ parts: [Int] = [], length: Int? = nil, isEndless: Bool = false) -> Request {
        var head = HTTPRequest(method: .post, scheme: "http", authority: "localhost", path: "/functions")
        if let length { head.headerFields[.contentLength] = "\(length)" }
        let stream = AsyncStream<ByteBuffer> { continuation in
            for count in parts { continuation.yield(ByteBuffer(repeating: 0x23, count: count)) }
            if !isEndless { continuation.finish() }
        }
        return Request(head: head, body: RequestBody(asyncSequence: stream))
    }

    private func problem(_ body: () async throws -> Void) async -> Problem? {
        do {
            try await body()
            return nil
        } catch {
            return error as? Problem
        }
    }

    @Test(arguments: [[], [10], [40, 60], [0, 1]])
    func `content within its bounds is read completely`(parts: [Int]) async throws {
        let count = try await reader().withContent(of: request(parts), upTo: 100) { $0.readableBytes }
        #expect(count == parts.reduce(0, +))
    }

    @Test func `a length over the bound is rejected before anything is read`() async {
        let reader = reader()
        let problem = await problem {
            try await reader.withContent(of: request(length: 51, isEndless: true), upTo: 50) { _ in }
        }
        #expect(problem?.status == 413)
    }

    @Test func `content over the bound is rejected, whatever its head contains`() async {
        let reader = reader()
        let problem = await problem {
            try await reader.withContent(of: request([30, 30], length: 10, isEndless: true), upTo: 50) { _ in }
        }
        #expect(problem?.status == 413)
    }

    @Test func `all requests together have a bound, and each releases its bytes`() async throws {
        let reader = reader(bytesMax: 100)
        for _ in 0..<3 {
            try await reader.withContent(of: request([60]), upTo: 100) { _ in
                let refused = await problem {
                    try await reader.withContent(of: request([30, 30], isEndless: true), upTo: 100) { _ in }
                }
                #expect(refused?.status == 503)
                // A rejected request occupies nothing.
                try await reader.withContent(of: request([40]), upTo: 100) { _ in }
            }
            try await reader.withContent(of: request([100]), upTo: 100) { _ in }
            let failed = await problem {
                try await reader.withContent(of: request([100]), upTo: 100) { _ in
                    throw Problem(status: 422, title: "", detail: "")
                }
            }
            #expect(failed?.status == 422)
        }
    }

    @Test func `content that does not end in time is rejected`() async throws {
        let reader = reader(timeout: .milliseconds(20))
        let slow = await problem {
            try await reader.withContent(of: request([1], isEndless: true), upTo: 50) { _ in }
        }
        #expect(slow?.status == 408)
        try await reader.withContent(of: request([100]), upTo: 100) { _ in }
    }
}
