import F2SModel
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// Reads the content of the other processes' requests within three bounds: bytes of one request, bytes of all requests
/// that are being read, and time.
final class PeerContentReader: Sendable {
    /// The maximum bytes of one request. The largest report covers some 20,000 functions that are busy at the same
    /// time.
    static let bytesMax = 4 * 1024 * 1024
    /// The time in which a request must arrive.
    static let timeout = Duration.seconds(10)

    private let clock: any ControlClock
    private let totalBytesMax: Int
    private let reservedBytes = Mutex(0)

    /// - Parameter totalBytesMax: The maximum bytes of all requests together. Each process sends one at a time.
    init(clock: any ControlClock, totalBytesMax: Int = 64 * 1024 * 1024) {
        self.clock = clock
        self.totalBytesMax = totalBytesMax
    }

    /// Reads the content of a request.
    /// - Throws: A ``Problem``: 413 if it is too large, before reading if the head contains the length; 408 if it does
    ///   not arrive in time; 503 if all requests together are too large.
    func read(_ request: Request) async throws -> ByteBuffer {
        let length = request.headers[.contentLength].flatMap { Int($0) } ?? Self.bytesMax
        guard length <= Self.bytesMax else { throw Self.tooLarge }
        guard reserve(length) else { throw Self.busy }
        defer { reservedBytes.withLock { $0 -= length } }
        let body = request.body
        do {
            guard let content = try await clock.finished(within: Self.timeout, { try await body.collect(upTo: length) })
            else { throw Self.tooSlow }
            return content
        } catch is NIOTooManyBytesError {
            throw Self.tooLarge
        }
    }

    private func reserve(_ count: Int) -> Bool {
        reservedBytes.withLock { reserved in
            guard reserved + count <= totalBytesMax else { return false }
            reserved += count
            return true
        }
    }

    private static let tooLarge = Problem(
        status: 413, title: "The body is too large", detail: "A body has at most \(bytesMax) bytes here.")
    private static let tooSlow = Problem(
        status: 408, title: "The body did not arrive in time",
        detail: "It was not complete after \(timeout.humanText). Send all of it again.")
    private static let busy = Problem(
        status: 503, title: "The internal listener is busy",
        detail: "All requests together contain too many bytes. Retry in a second.")
}
