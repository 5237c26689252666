/// Decides how an abandoned invocation ends. It finds the end of the response that the replica still sends, and decides
/// when the replica is notified and when it is given up. No I/O and no clock.
///
/// A replica that has the whole request is not notified as long as it may respond. Servers that notice a half-close
/// (Node's, uvicorn, aiohttp, Tornado) close the connection at once and let the function run on, so that F2S could not
/// know when it has finished (docs/decisions/0012).
struct AbandonedResponse {
    /// The rest of the response when the invocation is abandoned.
    enum Rest {
        case head(isAnswerToHead: Bool)
        case content(BodyReader, isPersistent: Bool)
        case tunnel
        /// The response cannot be read: only the end of the connection counts.
        case malformed
    }

    /// The action that is due.
    enum Action: Equatable {
        case wait
        /// Notify the replica: end the sending direction.
        case tell
        /// Give the replica up, because it has taken too long.
        case giveUp
    }

    private enum Phase { case head, content, untilClose, complete }

    private var phase: Phase
    private var isAnswerToHead = false
    private var isPersistent = false
    private var body = BodyReader()
    private var searched = 0
    private let isRequestComplete: Bool
    private var tellAt: UInt64
    private let giveUpAt: UInt64
    private var isTold = false

    /// The time, in nanoseconds, after which a replica is notified at the latest if its response has begun and its
    /// length is unknown: such a response may never end.
    private static let streamNanoseconds: UInt64 = 1_000_000_000

    /// - Parameters:
    ///   - isRequestComplete: True if the replica has, or will get, the whole request.
    ///   - limit: Nanoseconds until the replica is given up.
    init(_ rest: Rest, isRequestComplete: Bool, now: UInt64, limit: UInt64) {
        self.isRequestComplete = isRequestComplete
        giveUpAt = now &+ limit
        tellAt = isRequestComplete ? .max : now
        switch rest {
        case .head(let isAnswerToHead):
            phase = .head
            self.isAnswerToHead = isAnswerToHead
        case .content(let body, let isPersistent):
            phase = .content
            self.body = body
            self.isPersistent = isPersistent
            reportBegun(now, limit)
        case .tunnel, .malformed:
            phase = .untilClose
            tellAt = now
        }
    }

    /// True if the response has arrived completely.
    var isComplete: Bool { phase == .complete }

    /// True if the connection can carry another request.
    var isReusable: Bool { isComplete && isPersistent && isRequestComplete && !isTold }

    /// Returns the action that is due.
    mutating func timePassed(_ now: UInt64) -> Action {
        if now >= giveUpAt { return .giveUp }
        guard now >= tellAt, !isTold else { return .wait }
        isTold = true
        return .tell
    }

    /// Discards the response as far as it has arrived.
    /// - Returns: The number of bytes that belong to the response.
    mutating func discard(_ bytes: Span<UInt8>, _ scanner: inout HeadScanner, now: UInt64) -> Int {
        var position = 0
        while position < bytes.count {
            let rest = bytes.extracting(droppingFirst: position)
            switch phase {
            case .head:
                guard let end = HeadScanner.end(of: rest, from: &searched) else {
                    guard rest.count > scanner.limits.headBytesMax else { return position }
                    phase = .untilClose
                    continue
                }
                searched = 0
                guard let head = try? scanner.response(rest, length: end) else {
                    phase = .untilClose
                    continue
                }
                position += end
                apply(head, now)
            case .content:
                guard let count = try? body.consume(rest) else {
                    phase = .untilClose
                    continue
                }
                position += count
                if body.isDone { phase = .complete } else if count == 0 { return position }
            case .untilClose: position = bytes.count
            case .complete: return position
            }
        }
        return position
    }

    private mutating func apply(_ head: ResponseHead, _ now: UInt64) {
        if head.status == 101 {
            phase = .untilClose
            tellAt = now
        } else if head.status >= 200 {
            let framing = head.framing(isAnswerToHead: isAnswerToHead)
            isPersistent = head.isPersistent
            body = BodyReader(framing)
            phase = body.isDone ? .complete : .content
            if phase == .content { reportBegun(now, giveUpAt > now ? giveUpAt &- now : 0) }
        }
    }

    private mutating func reportBegun(_ now: UInt64, _ limit: UInt64) {
        tellAt = min(tellAt, now &+ (body.hasLength ? limit / 2 : min(limit / 2, Self.streamNanoseconds)))
    }
}
