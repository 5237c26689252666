import F2SModel

/// The properties of a request's head that its exchange keeps, and those of the response. They hold no reference, so a
/// copy counts none.
struct RequestTraits {
    var isIdempotent = false
    var isHeadRequest = false
    /// True if the client asks to leave HTTP for another protocol.
    var isUpgrade = false
    var isPersistent = false
    /// True if the client understands chunks and interim responses, which HTTP/1.0 does not have.
    var takesChunks = true
    /// The key by which the function's rate and wrong passwords count the caller; `nil` if this process does not count
    /// it.
    var rateKey: UInt64?
    /// The status of the function's response; 0 until the response has begun.
    var status = 0
    /// True if the client's connection stays open after the response; set with the response's head.
    var keepAlive = false
    /// The end of the response's content for the client; set with the response's head.
    var ending = Ending.asReceived

    /// The mark by which a client finds the end of a response's content.
    enum Ending {
        /// The framing that the replica chose.
        case asReceived
        /// Chunks that F2S adds, so that a response that breaks off does not look complete.
        case chunks
        /// The end of the connection, because the client does not understand chunks. Over HTTP/1.0 a reset shows that
        /// the response broke off.
        case close
    }

    init() {}

    init(_ head: borrowing RequestHead, takesChunks: Bool) {
        isIdempotent =
            switch head.method {
            case .get, .head, .options, .trace, .put, .delete: head.upgrade == nil
            case .post, .patch, nil: false
            }
        isHeadRequest = head.method == .head
        isUpgrade = head.upgrade != nil
        isPersistent = head.isPersistent
        self.takesChunks = takesChunks
    }

    /// Chooses the end of the content for a response with the given framing.
    mutating func endContent(_ framing: Framing) {
        ending = framing != .untilClose ? .asReceived : takesChunks ? .chunks : .close
    }
}

/// The attempts to connect and to send of one invocation (docs/decisions/0007).
struct Attempts {
    private var connects = 0
    /// True if the request was sent a second time. The retry uses a connection that has carried nothing yet.
    private(set) var hasSentAgain = false

    /// The most attempts to connect. Each failed one returns the invocation to the front of its queue. Nothing was
    /// written, so this is safe.
    static let connectsMax = 4

    mutating func mayConnectAgain() -> Bool {
        connects += 1
        return connects < Self.connectsMax
    }

    /// Returns true the first time only: a replica that dies on a request may die because of it.
    mutating func maySendAgain() -> Bool {
        guard !hasSentAgain else { return false }
        hasSentAgain = true
        return true
    }
}

/// The times at which an exchange reached each stage, in nanoseconds of the monotonic clock.
struct ExchangeTimes {
    var began: UInt64 = 0
    var granted: UInt64 = 0
    var responded: UInt64 = 0
    /// The time by which the response's head must arrive.
    var deadline = UInt64.max
    /// The time at which a replica began to accept invocations after there was none.
    var firstReplica: UInt64 = 0
    /// True if no replica accepted invocations when this one was admitted.
    var isCold = false

    init() {}
    init(now: UInt64) { began = now }

    /// Sets the first time that was not reached, for a response of F2S itself.
    mutating func end(now: UInt64) {
        if granted == 0 { granted = now } else if responded == 0 { responded = now }
    }

    private var waited: UInt64 { granted > began ? granted &- began : 0 }

    /// Nanoseconds spent waiting for a first replica: the whole wait if there was none until the end.
    private var started: UInt64 {
        guard isCold else { return 0 }
        return firstReplica > began ? min(firstReplica &- began, waited) : firstReplica == 0 ? waited : 0
    }

    /// Microseconds spent waiting for a slot while replicas accepted invocations.
    var queueMicroseconds: UInt64 { (waited &- started) / 1000 }
    /// Microseconds spent waiting for a first replica.
    var startMicroseconds: UInt64 { started / 1000 }
    /// Microseconds that the function took, including the connection to it.
    var functionMicroseconds: UInt64 {
        let from = granted > 0 ? granted : began
        return responded > from ? (responded &- from) / 1000 : 0
    }

    /// Writes `Server-Timing`.
    func write(into out: Buffer) {
        HeadComposer.serverTiming(
            queue: queueMicroseconds, start: startMicroseconds, function: functionMicroseconds, into: out)
    }

    func observe(in meters: FunctionMeters, now: UInt64) {
        let started = started
        meters.observe(
            duration: now > began ? now &- began : 0, queueWait: waited &- started, coldStart: isCold ? started : nil)
    }

    /// Returns the stage that took most of the time, for an invocation that timed out.
    func longestStage(now: UInt64) -> Stage {
        let function = granted > 0 && now > granted ? now &- granted : 0
        if started >= max(function, waited &- started) { return started > 0 ? .scale : .function }
        return waited &- started > function ? .queue : .function
    }
}
