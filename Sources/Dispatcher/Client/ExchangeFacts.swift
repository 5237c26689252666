import F2SModel

/// What an exchange keeps of its request's head.
struct ExchangeFacts {
    var isIdempotent = false
    var isHeadRequest = false
    /// The protocol for which the client asks to leave HTTP, in lower case.
    var upgrade: [UInt8]?
    var isPersistent = false
    /// Whether the client has said that it sends nothing more.
    var isLastOfClient = false
    var minorVersion = 1
    /// Who calls, where a trusted proxy says so.
    var caller: UInt64?
    /// The function's answer; 0 until it has begun.
    var status = 0
    /// Decided with the response's head.
    var keepAlive = false
    /// How a response whose replica ends it by closing is passed on; decided with its head.
    var ending = Ending.asReceived

    /// What tells the client where a response's content ends.
    enum Ending {
        /// The framing that the replica chose.
        case asReceived
        /// Chunks that F2S makes, so that an answer that breaks off does not look complete.
        case chunks
        /// The end of the connection: a client of HTTP/1.0 knows nothing else. A reset says that it broke off.
        case close
    }

    init() {}

    init(_ head: RequestHead) {
        isIdempotent =
            switch head.method {
            case .get, .head, .options, .trace, .put, .delete: head.upgrade == nil
            case .post, .patch, nil: false
            }
        isHeadRequest = head.method == .head
        upgrade = head.upgrade
        isPersistent = head.isPersistent
        isLastOfClient = head.facts.saysClose
        minorVersion = head.minorVersion
    }

    /// Chooses how the end of a response's content is told to the client.
    mutating func endContent(_ framing: Framing) {
        ending = framing != .untilClose ? .asReceived : minorVersion >= 1 ? .chunks : .close
    }
}

/// How often an invocation may be tried (DESIGN: once, elsewhere).
struct Attempts {
    private var connects = 0
    /// Whether it was sent once already: the second time it goes over a connection that has carried nothing yet.
    private(set) var hasSentAgain = false

    /// Each failed attempt to connect sends the invocation back to its queue, in front; nothing was written, so this is
    /// safe.
    static let connectsMax = 4

    mutating func mayConnectAgain() -> Bool {
        connects += 1
        return connects < Self.connectsMax
    }

    /// Only once: a replica that dies on a request may die of it.
    mutating func maySendAgain() -> Bool {
        guard !hasSentAgain else { return false }
        hasSentAgain = true
        return true
    }
}

/// When an exchange reached which point; nanoseconds of the monotonic clock.
struct ExchangeTimes {
    var began: UInt64 = 0
    var granted: UInt64 = 0
    var responded: UInt64 = 0
    /// For the response's head.
    var deadline = UInt64.max
    /// When a replica began to take invocations, after none did.
    var firstReplica: UInt64 = 0
    /// Whether no replica was there when it was admitted.
    var isCold = false

    init() {}
    init(now: UInt64) { began = now }

    /// Fills in what was never reached, for an answer of our own.
    mutating func end(now: UInt64) {
        if granted == 0 { granted = now } else if responded == 0 { responded = now }
    }

    private var waited: UInt64 { granted > began ? granted &- began : 0 }

    /// Waiting for a first replica; one that was never seen took all the time.
    private var started: UInt64 {
        guard isCold else { return 0 }
        return firstReplica > began ? min(firstReplica &- began, waited) : firstReplica == 0 ? waited : 0
    }

    /// Waiting for a slot while replicas were there.
    var queueMicroseconds: UInt64 { (waited &- started) / 1000 }
    /// Waiting for a first replica.
    var startMicroseconds: UInt64 { started / 1000 }
    /// The function's own time, its connection included.
    var functionMicroseconds: UInt64 {
        let from = granted > 0 ? granted : began
        return responded > from ? (responded &- from) / 1000 : 0
    }

    func observe(in meters: FunctionMeters, now: UInt64) {
        let started = started
        meters.observe(
            duration: now > began ? now &- began : 0, queueWait: waited &- started, coldStart: isCold ? started : nil)
    }

    /// Where most of the time went, for one who waited in vain.
    func longestStage(now: UInt64) -> Stage {
        let function = granted > 0 && now > granted ? now &- granted : 0
        if started >= max(function, waited &- started) { return started > 0 ? .scale : .function }
        return waited &- started > function ? .queue : .function
    }
}
