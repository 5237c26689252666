import F2SModel
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// Reads the content of requests within three bounds: bytes of one request, bytes of all requests in progress, and
/// time.
final class ContentReader: Sendable {
    private let bytesMax: @Sendable () -> Int
    private let timeout: @Sendable () -> Duration
    private let heldBytes = Mutex(0)

    /// - Parameters:
    ///   - bytesMax: Returns the bound of all requests together. It is called per part because settings change.
    ///   - timeout: Returns the time in which the whole content of a request must arrive.
    init(bytesMax: @escaping @Sendable () -> Int, timeout: @escaping @Sendable () -> Duration) {
        self.bytesMax = bytesMax
        self.timeout = timeout
    }

    /// Reads the content of a request, and counts it until `body` returns.
    /// - Throws: A ``Problem``: 413 for more than `requestBytesMax`, before reading if the head contains the length;
    ///   408 if the content does not arrive in time; 503 if all requests together exceed their bound.
    func withContent<Result: Sendable>(
        of request: Request, upTo requestBytesMax: Int, _ body: (ByteBuffer) async throws -> Result
    ) async throws -> Result {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > requestBytesMax {
            throw Self.tooLarge(requestBytesMax)
        }
        let lease = Lease(reader: self)
        defer { lease.end() }
        return try await body(try await read(request.body, upTo: requestBytesMax, lease))
    }

    private func read(_ body: RequestBody, upTo bytesMax: Int, _ lease: Lease) async throws -> ByteBuffer {
        let timeout = timeout()
        return try await withThrowingTaskGroup(of: ByteBuffer.self) { group in
            group.addTask {
                var content = ByteBuffer()
                for try await part in body {
                    guard content.readableBytes + part.readableBytes <= bytesMax else { throw Self.tooLarge(bytesMax) }
                    guard lease.extend(by: part.readableBytes) else { throw Self.busy }
                    content.writeImmutableBuffer(part)
                }
                return content
            }
            group.addTask {
                try await Task.sleep(for: timeout)
                throw Self.tooSlow(timeout)
            }
            defer { group.cancelAll() }
            guard let content = try await group.next() else { throw CancellationError() }
            return content
        }
    }

    private func hold(_ bytes: Int) -> Bool {
        let bytesMax = bytesMax()
        return heldBytes.withLock { held in
            guard held + bytes <= bytesMax else { return false }
            held += bytes
            return true
        }
    }

    private func release(_ bytes: Int) { heldBytes.withLock { $0 -= bytes } }

    /// The bytes that one request occupies.
    private final class Lease: Sendable {
        private let reader: ContentReader
        private let bytes = Mutex(0)

        init(reader: ContentReader) { self.reader = reader }

        func extend(by count: Int) -> Bool {
            guard reader.hold(count) else { return false }
            bytes.withLock { $0 += count }
            return true
        }

        func end() {
            reader.release(
                bytes.withLock { bytes in
                    defer { bytes = 0 }
                    return bytes
                })
        }
    }

    private static func tooLarge(_ bytesMax: Int) -> Problem {
        Problem(
            status: 413, title: "The body is too large",
            detail: "A body has at most \(bytesMax) bytes here. Send one function per request.")
    }

    private static func tooSlow(_ limit: Duration) -> Problem {
        Problem(
            status: 408, title: "The body did not arrive in time",
            detail: "It was not complete after \(limit.humanText) (f2s.limits.api_body_timeout). Send all of it again.")
    }

    private static let busy = Problem(
        status: 503, title: "The management API is busy",
        detail: "All requests together hold as much content as f2s.limits.api_body_bytes allows. Retry in a second.")
}
