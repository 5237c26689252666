/// Decides how an abandoned invocation ends: finds the end of the response that its replica still sends, and says when
/// to tell the replica and when to give it up. No I/O and no clock.
///
/// A replica that has the whole request is told nothing as long as it may answer: servers that notice a half-close
/// (Node's, uvicorn, aiohttp, Tornado) close the connection at once and let the function run on, so that nobody would
/// know when it has finished (docs/decisions/0012).
struct AbandonedResponse {
    /// What is left of the response when the invocation is abandoned.
    enum Rest {
        case head(isAnswerToHead: Bool)
        case content(BodyReader, isPersistent: Bool)
        case tunnel
        /// It cannot be read: only the connection's end counts.
        case malformed
    }

    /// What time asks for.
    enum Action: Equatable {
        case wait
        /// Shut the sending side down.
        case tell
        /// The replica has taken too long.
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

    /// A response of unknown length may never end, so its replica hears soon that nobody reads it.
    private static let streamNanoseconds: UInt64 = 1_000_000_000

    /// - Parameters:
    ///   - isRequestComplete: whether the replica has, or will get, all of the request.
    ///   - limit: nanoseconds until it is given up.
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
            tellBegun(now, limit)
        case .tunnel, .malformed:
            phase = .untilClose
            tellAt = now
        }
    }

    /// Whether the response has arrived completely.
    var isComplete: Bool { phase == .complete }

    /// Whether the connection can carry another request.
    var isReusable: Bool { isComplete && isPersistent && isRequestComplete && !isTold }

    /// What to do now.
    mutating func timePassed(_ now: UInt64) -> Action {
        if now >= giveUpAt { return .giveUp }
        guard now >= tellAt, !isTold else { return .wait }
        isTold = true
        return .tell
    }

    /// Throws the response away as far as it has arrived.
    /// - Returns: how many bytes belong to it.
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
                take(head, now)
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

    private mutating func take(_ head: ResponseHead, _ now: UInt64) {
        if head.status == 101 {
            phase = .untilClose
            tellAt = now
        } else if head.status >= 200 {
            let framing = head.framing(isAnswerToHead: isAnswerToHead)
            isPersistent = head.isPersistent
            body = BodyReader(framing)
            phase = body.isDone ? .complete : .content
            if phase == .content { tellBegun(now, giveUpAt > now ? giveUpAt &- now : 0) }
        }
    }

    private mutating func tellBegun(_ now: UInt64, _ limit: UInt64) {
        tellAt = min(tellAt, now &+ (body.hasLength ? limit / 2 : min(limit / 2, Self.streamNanoseconds)))
    }
}
