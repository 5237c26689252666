import F2SModel
import Testing

@testable import F2SDispatcher

/// The state machine of an exchange, as a table: every event in every phase.
@Suite struct ExchangeStateTests {
    /// One row of the table. The columns are the phases: idle, routed, verifying, waiting, connecting, sent,
    /// responding, tunnel.
    struct Row: Sendable, CustomTestStringConvertible {
        let event: String
        /// The reaction and, behind the arrow, the next phase; `nil` if the event never arrives in the phase.
        let cells: [String?]
        let deliver: @Sendable (inout ExchangeState) -> String

        var testDescription: String { event }
    }

    static let table = [
        Row(
            event: "the exchange ends",
            cells: [
                "nothing → idle", "countEnd → idle", "countEnd → idle", "leaveQueue countEnd → idle",
                "countEnd returnSlot → idle", "countEnd abandonUpstream → idle", "countEnd abandonUpstream → idle",
                "countEnd abandonUpstream → idle",
            ],
            deliver: { text($0.end()) }),
        Row(
            event: "F2S must respond with an error",
            cells: [
                "respond, close → idle", "respond, keep alive → routed", "respond, keep alive → verifying",
                "respond, keep alive → waiting", "respond, keep alive → connecting", "respond, keep alive → sent",
                "break off → responding", "break off → tunnel",
            ],
            deliver: { text($0.failed(mayKeepAlive: true, isRequestComplete: true, at: 9)) }),
        Row(
            event: "F2S refuses a request that it has not read to its end",
            cells: [
                "respond, close → idle", "respond, close → routed", "respond, close → verifying",
                "respond, close → waiting", "respond, close → connecting", "respond, close → sent",
                "break off → responding", "break off → tunnel",
            ],
            deliver: { text($0.failed(mayKeepAlive: true, isRequestComplete: false, at: 9)) }),
        Row(
            event: "a reused connection ends before the response",
            cells: [
                nil, nil, nil, nil, nil, "suspend, admit again → routed", "suspend, break off → responding",
                "close tunnel → tunnel",
            ],
            deliver: { state in
                text(state.upstreamLost(hasBegun: state.phase != .sent, wasReused: true, wasStale: false))
            }),
        Row(
            event: "a connection that was idle for long ends before the response",
            cells: [nil, nil, nil, nil, nil, "admit again → routed", nil, nil],
            deliver: { text($0.upstreamLost(hasBegun: false, wasReused: true, wasStale: true)) }),
        Row(
            event: "a new connection ends before the response",
            cells: [nil, nil, nil, nil, nil, "suspend, fail function → sent", nil, nil],
            deliver: { text($0.upstreamLost(hasBegun: false, wasReused: false, wasStale: false)) }),
        Row(
            event: "a connection ends within the response's head",
            cells: [nil, nil, nil, nil, nil, "suspend, fail function → sent", nil, nil],
            deliver: { text($0.upstreamLost(hasBegun: true, wasReused: true, wasStale: true)) }),
        Row(
            event: "the response is malformed",
            cells: [nil, nil, nil, nil, nil, "fail function → sent", "break off → responding", nil],
            deliver: { text($0.upstreamMalformed(.malformedResponse(reason: "test"))) }),
        Row(
            event: "connecting fails",
            cells: [nil, nil, nil, nil, "admit again → routed", nil, nil, nil],
            deliver: { text($0.connectFailed(isOutOfDescriptors: false, isReplicaGone: false)) }),
        Row(
            event: "connecting fails, because there is no descriptor",
            cells: [nil, nil, nil, nil, "fail connect → connecting", nil, nil, nil],
            deliver: { text($0.connectFailed(isOutOfDescriptors: true, isReplicaGone: false)) }),
        Row(
            event: "the deadline expires",
            cells: [
                "close client → idle", "fail function → routed", "fail auth → verifying", "ask the queue → waiting",
                "fail connect → connecting", "fail function → sent", "refuse unless reading → responding",
                "refuse unless reading → tunnel",
            ],
            deliver: { text($0.deadlinePassed(1_000, isRequestComplete: true, isUpstreamWritable: true)) }),
        Row(
            event: "the client sends nothing for too long",
            cells: [nil, nil, nil, nil, nil, "refuse → sent", nil, nil],
            deliver: { text($0.deadlinePassed(999, isRequestComplete: false, isUpstreamWritable: true)) }),
        Row(
            event: "the replica accepts no content for too long",
            cells: [nil, nil, nil, nil, nil, "fail function → sent", nil, nil],
            deliver: { text($0.deadlinePassed(999, isRequestComplete: false, isUpstreamWritable: false)) }),
        Row(
            event: "100 (Continue) arrives",
            cells: [nil, nil, nil, nil, nil, "ignore → sent", nil, nil],
            deliver: { "\($0.interimArrived(status: 100))" }),
        Row(
            event: "103 (Early Hints) arrives",
            cells: [nil, nil, nil, nil, nil, "pass → sent", nil, nil],
            deliver: { "\($0.interimArrived(status: 103))" }),
        Row(
            event: "the response completes",
            cells: [nil, nil, nil, nil, nil, nil, "countEnd returnSlot → idle", nil],
            deliver: { state in
                state.responseCompleted()
                return text(state.end())
            }),
        Row(
            event: "both directions of the tunnel end",
            cells: [nil, nil, nil, nil, nil, nil, nil, "countEnd closeUpstream returnSlot → idle"],
            deliver: { state in
                state.tunnelEnded(.client)
                #expect(!state.isTunnelOver)
                state.tunnelEnded(.replica)
                #expect(state.isTunnelOver)
                return text(state.end())
            }),
    ]

    @Test(arguments: table)
    func `every event has its reaction in every phase`(row: Row) {
        #expect(row.cells.count == ExchangeState.Phase.allCases.count)
        for (phase, cell) in zip(ExchangeState.Phase.allCases, row.cells) {
            guard let cell else { continue }
            var state = Self.state(in: phase)
            #expect(state.phase == phase)
            let reaction = row.deliver(&state)
            #expect("\(reaction) → \(state.phase)" == cell, "in the phase \(phase)")
        }
    }

    @Test func `a slot without a limit, and the API's connection, are not held for an abandoned invocation`() {
        var unlimited = Self.state(in: .sent, to: .replica(holdsSlots: false))
        let ended = unlimited.end()
        #expect(ended == [.countEnd, .closeUpstream, .returnSlot])
        var management = Self.state(in: .sent, to: .management)
        let managementEnded = management.end()
        #expect(managementEnded == .closeUpstream)
        var replicaClosed = Self.state(in: .tunnel)
        replicaClosed.tunnelEnded(.replica)
        let tunnelEnded = replicaClosed.end()
        #expect(tunnelEnded == [.countEnd, .closeUpstream, .returnSlot])
    }

    @Test(arguments: ExchangeState.Phase.allCases)
    func `a second end releases nothing`(phase: ExchangeState.Phase) {
        var state = Self.state(in: phase)
        _ = state.end()
        let second = state.end()
        #expect(second.isEmpty)
        #expect(!state.hasSlot && !state.hasUpstream && !state.isInvocation)
    }

    @Test func `a request is sent a second time once, and only if it can be repeated`() {
        var state = Self.state(in: .sent)
        #expect(text(state.upstreamLost(hasBegun: false, wasReused: true, wasStale: true)) == "admit again")
        #expect(state.requirement.isUnused)
        state.granted(at: 2, acceptingSince: 0)
        state.connected()
        #expect(text(state.upstreamLost(hasBegun: false, wasReused: true, wasStale: true)) == "fail function")
        var post = Self.state(in: .sent, isIdempotent: false)
        #expect(post.requirement.isFresh)
        #expect(text(post.upstreamLost(hasBegun: false, wasReused: true, wasStale: true)) == "fail function")
        var streamed = Self.state(in: .sent, isWhole: false)
        #expect(text(streamed.upstreamLost(hasBegun: false, wasReused: true, wasStale: true)) == "fail function")
        var management = Self.state(in: .sent, to: .management)
        #expect(text(management.upstreamLost(hasBegun: false, wasReused: true, wasStale: true)) == "reconnect")
        #expect(management.phase == .connecting)
    }

    @Test func `four attempts to connect are made, and attempts to reach a replica that is gone do not count`() {
        var state = Self.state(in: .connecting)
        var reactions: [String] = []
        for attempt in 0..<6 {
            reactions.append(text(state.connectFailed(isOutOfDescriptors: false, isReplicaGone: attempt == 1)))
            if state.phase == .routed { state.granted(at: 2, acceptingSince: 0) }
        }
        #expect(
            reactions == ["admit again", "admit again", "admit again", "admit again", "fail connect", "fail connect"])
        var management = Self.state(in: .connecting, to: .management)
        #expect(management.connectFailed(isOutOfDescriptors: false, isReplicaGone: false) == .fail(.apiUnavailable))
    }

    @Test func `an invocation that another process turns away is sent again, unless content was passed on`() {
        var waiting = Self.state(in: .sent, to: .peer, isWhole: false)
        #expect(waiting.isAwaitingContinue && !waiting.isTakingBody)
        #expect(
            waiting.turnedAway()
                == .init(suspension: ExchangeState.turnedAwayNanoseconds, recovery: .admitAgain))
        var flowing = Self.state(in: .sent, to: .peer, isWhole: false)
        #expect(flowing.interimArrived(status: 100) == .sendContent)
        #expect(flowing.isTakingBody)
        #expect(flowing.turnedAway() == .init(suspension: nil, recovery: .fail(.moved)))
        var whole = Self.state(in: .sent, to: .peer)
        #expect(
            whole.distrusted(at: 100, limit: 100)
                == .init(suspension: ExchangeState.distrustedNanoseconds, recovery: .admitAgain))
        var late = Self.state(in: .sent, to: .peer)
        #expect(late.distrusted(at: 102, limit: 100) == .init(suspension: nil, recovery: .fail(.peerUnusable)))
    }

    @Test func `a body that is completed while another process has not asked for it is sent at once`() {
        var state = Self.state(in: .sent, to: .peer, isWhole: false)
        let mustSend = state.bodyHeld()
        #expect(mustSend)
        #expect(state.isWhole && state.isTakingBody)
        var routed = Self.state(in: .routed, isWhole: false)
        let mustSendLater = routed.bodyHeld()
        #expect(!mustSendLater)
    }

    @Test func `a cold start waits for the scaling timeout at most, and for the function's own timeout at most`() {
        var state = Self.state(in: .routed)
        #expect(state.queued(isCold: true, firstReplica: 500) == 500)
        #expect(state.waitExpired(500, isAccepting: true, startFailure: nil) == .keepWaiting(until: 1_000))
        #expect(
            state.waitExpired(1_000, isAccepting: true, startFailure: nil)
                == .fail(.queueTimeout(after: .nanoseconds(999))))
        #expect(
            state.waitExpired(500, isAccepting: false, startFailure: nil)
                == .fail(.scalingTimeout(after: .nanoseconds(499))))
        #expect(state.queued(isCold: true, firstReplica: 5_000) == 1_000)
        #expect(state.queued(isCold: false, firstReplica: 500) == 1_000)
        var peer = Self.state(in: .waiting, to: .peer)
        #expect(peer.waitExpired(500, isAccepting: false, startFailure: nil) == .fail(.ownerUnreachable))
        peer.moved(to: .replica(holdsSlots: true), timeout: 50)
        #expect(peer.phase == .routed && peer.times.deadline == 51)
    }

    @Test(arguments: [(999, 50, 51), (50, 999, 51), (50, .max, 51)] as [(UInt64, UInt64, UInt64)])
    func `the shorter of the function's and the client's timeout applies, also after a move`(
        timeout: UInt64, timeoutMax: UInt64, deadline: UInt64
    ) {
        var state = Self.state(in: .routed)
        state.ready(timeout: timeout, timeoutMax: timeoutMax)
        #expect(state.times.deadline == deadline)
        state.moved(to: .peer, timeout: timeout)
        #expect(state.times.deadline == deadline)
    }

    @Test(
        arguments: [
            (.idle, .draining), (.routed, .draining), (.verifying, .draining), (.waiting, .draining),
            (.connecting, .draining),
            (.sent, .replicaLost(afterResponseBegan: false)), (.responding, .replicaLost(afterResponseBegan: true)),
            (.tunnel, .replicaLost(afterResponseBegan: true)),
        ] as [(ExchangeState.Phase, InvocationError)])
    func `a shutdown invites a retry only if the function cannot have the request`(
        phase: ExchangeState.Phase, error: InvocationError
    ) {
        #expect(Self.state(in: phase).errorOfShutdown == error)
    }

    @Test(arguments: ExchangeState.Phase.allCases)
    func `the deadline after activity is that of the phase`(phase: ExchangeState.Phase) {
        let timeouts = LoopTimes(DispatcherSettings.Tuning())
        func deadline(_ state: ExchangeState, isRequestComplete: Bool = true, isClientWritable: Bool = true) -> UInt64?
        {
            state.deadline(
                at: 10, timeouts, isRequestComplete: isRequestComplete, isClientWritable: isClientWritable)
        }
        let state = Self.state(in: phase)
        switch phase {
        case .idle, .routed, .verifying, .waiting, .connecting: #expect(deadline(state) == nil)
        case .sent:
            #expect(deadline(state) == 1_000)
            #expect(deadline(Self.state(in: .sent, timeout: .max / 2), isRequestComplete: false) == 10 + timeouts.http)
            #expect(deadline(Self.state(in: .sent, to: .peer, isWhole: false), isRequestComplete: false) == 1_000)
        case .responding:
            #expect(deadline(state) == 10 + timeouts.http)
            let management = Self.state(in: .responding, to: .management)
            #expect(deadline(management) == .max)
            #expect(deadline(management, isClientWritable: false) == 10 + timeouts.http)
            #expect(deadline(management, isRequestComplete: false) == 10 + timeouts.http)
        case .tunnel:
            #expect(deadline(state) == 10 + timeouts.tunnelIdle)
            var half = state
            half.tunnelEnded(.client)
            #expect(deadline(half) == 10 + timeouts.http)
        }
    }

    @Test func `the connection stays open only if both messages have ended and both sides agree`() {
        func keepsAlive(
            _ status: Int = 200, _ framing: Framing = .length(2), isComplete: Bool = false,
            isRequestComplete: Bool = true, isLeaving: Bool = false, takesChunks: Bool = true
        ) -> Bool {
            var state = Self.state(in: .sent, takesChunks: takesChunks)
            state.responseBegan(
                status: status, framing, isComplete: isComplete, isRequestComplete: isRequestComplete,
                isLeaving: isLeaving, at: 5)
            return state.traits.keepAlive
        }
        #expect(keepsAlive())
        #expect(keepsAlive(200, .untilClose), "the content is sent in chunks")
        #expect(!keepsAlive(200, .untilClose, takesChunks: false), "the end of the connection ends the content")
        #expect(!keepsAlive(101))
        #expect(!keepsAlive(isLeaving: true))
        #expect(!keepsAlive(isComplete: true, isRequestComplete: false))
        #expect(keepsAlive(isComplete: false, isRequestComplete: false))
    }

    /// Returns a state in a phase. The request began at 1 and has a deadline of 1,000 unless `timeout` says otherwise.
    static func state(
        in phase: ExchangeState.Phase, to destination: ExchangeState.Destination = .replica(holdsSlots: true),
        isIdempotent: Bool = true, isWhole: Bool = true, takesChunks: Bool = true, timeout: UInt64 = 999
    ) -> ExchangeState {
        var state = ExchangeState()
        guard phase != .idle else { return state }
        var traits = RequestTraits()
        (traits.isIdempotent, traits.isPersistent, traits.takesChunks) = (isIdempotent, true, takesChunks)
        state.begin(traits, isWhole: isWhole, now: 1)
        state.routed(to: destination)
        if destination != .management { state.ready(timeout: timeout) }
        guard phase != .routed else { return state }
        if phase == .verifying {
            _ = state.verifying()
            return state
        }
        if phase == .waiting {
            _ = state.queued(isCold: false, firstReplica: 0)
            return state
        }
        if destination == .management { state.relayed(isHook: false) } else { state.granted(at: 1, acceptingSince: 0) }
        guard phase != .connecting else { return state }
        state.connected()
        guard phase != .sent else { return state }
        state.responseBegan(
            status: phase == .tunnel ? 101 : 200, .length(2), isComplete: false, isRequestComplete: true,
            isLeaving: false, at: 2)
        if phase == .tunnel { state.becameTunnel() }
        return state
    }
}

private func text(_ teardown: ExchangeState.Teardown) -> String {
    let names: [(ExchangeState.Teardown, String)] = [
        (.leaveQueue, "leaveQueue"), (.countEnd, "countEnd"), (.closeUpstream, "closeUpstream"),
        (.abandonUpstream, "abandonUpstream"), (.returnSlot, "returnSlot"),
    ]
    return teardown.isEmpty ? "nothing" : names.filter { teardown.contains($0.0) }.map(\.1).joined(separator: " ")
}

private func text(_ failure: ExchangeState.Failure) -> String {
    switch failure {
    case .respond(let keepAlive): "respond, \(keepAlive ? "keep alive" : "close")"
    case .breakOff: "break off"
    }
}

private func text(_ recovery: ExchangeState.Recovery) -> String {
    switch recovery {
    case .admitAgain: "admit again"
    case .reconnect: "reconnect"
    case .fail(let error): "fail \(error.stage.rawValue)"
    case .breakOff: "break off"
    case .closeTunnel: "close tunnel"
    }
}

private func text(_ loss: ExchangeState.Loss) -> String {
    (loss.suspension == nil ? "" : "suspend, ") + text(loss.recovery)
}

private func text(_ expiry: ExchangeState.Expiry) -> String {
    switch expiry {
    case .closeClient: "close client"
    case .failUnlessReading: "refuse unless reading"
    case .failAndClose: "refuse"
    case .fail(let error): "fail \(error.stage.rawValue)"
    case .askQueue: "ask the queue"
    }
}
