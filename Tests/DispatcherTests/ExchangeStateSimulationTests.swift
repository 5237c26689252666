import F2SModel
import Testing

@testable import F2SDispatcher

/// Delivers random events in every order that connections, queue and clients can produce, and checks that a slot is
/// returned exactly once, that a request gets at most one response, and that an exchange is torn down once.
@Suite struct ExchangeStateSimulationTests {
    private struct World {
        var random: SplitMix64
        var state = ExchangeState()
        private(set) var violations: [String] = []
        private(set) var exchanges = 0
        private var now: UInt64 = 1
        /// The slots that the exchange holds, as the queue counts them.
        private var slots = 0
        private var responses = 0
        private var teardowns = 0
        private var sends = 0
        private var connects = 0

        init(seed: UInt64) { random = SplitMix64(seed: seed) }

        mutating func step() {
            now += UInt64.random(in: 1...50, using: &random)
            if state.phase == .idle { begin() } else { deliver() }
            check(state.hasSlot == (slots == 1), "the queue counts \(slots) slots")
            check(!state.hasUpstream || [.sent, .responding, .tunnel].contains(state.phase), "a connection is left")
            check(state.phase != .waiting || !state.hasSlot, "an invocation waits and holds a slot")
        }

        private mutating func begin() {
            (responses, teardowns, sends, connects) = (0, 0, 0, 0)
            exchanges += 1
            var traits = RequestTraits()
            (traits.isIdempotent, traits.isPersistent) = (flip(), flip())
            traits.takesChunks = flip()
            state.begin(traits, isWhole: flip(), now: now)
            let destinations: [ExchangeState.Destination] = [
                .management, .peer, .replica(holdsSlots: true), .replica(holdsSlots: false),
            ]
            state.routed(to: destinations.randomElement(using: &random) ?? .peer)
            if state.destination != .management { state.ready(timeout: 500) }
        }

        private mutating func deliver() {
            // These happen in any phase.
            switch Int.random(in: 0..<12, using: &random) {
            case 0: return end()
            case 1: return fail()
            case 2: return expire()
            default: break
            }
            switch state.phase {
            case .idle: break
            case .routed: if state.destination != .management, oneIn(4) { _ = state.verifying() } else { admit() }
            case .verifying: state.verified()
            case .waiting: if flip() { grant() } else { move() }
            case .connecting: connect()
            case .sent: respond()
            case .responding: if flip() { complete() } else { lose(hasBegun: true) }
            case .tunnel: runTunnel()
            }
        }

        private mutating func admit() {
            if state.destination == .management { return state.relayed(isHook: flip()) }
            if flip() { grant() } else { _ = state.queued(isCold: flip(), firstReplica: now + 100) }
        }

        private mutating func grant() {
            slots += 1
            state.granted(at: now, acceptingSince: 0)
        }

        private mutating func move() {
            if flip() { state.moved(to: flip() ? .peer : .replica(holdsSlots: true), timeout: 500) } else { fail() }
        }

        private mutating func connect() {
            guard flip() else {
                connects += 1
                check(connects <= Attempts.connectsMax, "\(connects) attempts to connect")
                return recover(connectFailed())
            }
            state.connected()
        }

        private mutating func connectFailed() -> ExchangeState.Recovery {
            let isOutOfDescriptors = oneIn(10)
            return state.connectFailed(isOutOfDescriptors: isOutOfDescriptors, isReplicaGone: false)
        }

        private mutating func respond() {
            switch Int.random(in: 0..<8, using: &random) {
            case 0: _ = state.interimArrived(status: flip() ? 100 : 103)
            case 1: lose(hasBegun: flip())
            case 2: recover(state.upstreamMalformed(.malformedResponse(reason: "test")))
            case 3 where state.destination == .peer: recover(state.turnedAway().recovery)
            case 4 where state.destination == .peer: recover(state.distrusted(at: now, limit: 300).recovery)
            case 5: _ = state.bodyHeld()
            default:
                responses += 1
                let isSwitch = oneIn(4)
                state.responseBegan(
                    status: isSwitch ? 101 : 200, flip() ? .chunked : .untilClose, isComplete: flip(),
                    isRequestComplete: flip(), isLeaving: oneIn(10), at: now)
                if isSwitch { state.becameTunnel() }
            }
        }

        private mutating func lose(hasBegun: Bool) {
            let (wasIdempotent, wasWhole) = (state.traits.isIdempotent, state.isWhole)
            let loss = state.upstreamLost(hasBegun: hasBegun, wasReused: flip(), wasStale: flip())
            if loss.recovery == .admitAgain || loss.recovery == .reconnect {
                sends += 1
                check(!hasBegun && wasIdempotent && wasWhole, "a request was repeated that must not be")
                check(sends == 1, "a request was sent again \(sends) times")
            }
            recover(loss.recovery)
        }

        private mutating func runTunnel() {
            switch Int.random(in: 0..<3, using: &random) {
            case 0: lose(hasBegun: true)
            default:
                state.tunnelEnded(flip() ? .client : .replica)
                if state.isTunnelOver { end() }
            }
        }

        private mutating func complete() {
            state.responseCompleted()
            end()
        }

        private mutating func recover(_ recovery: ExchangeState.Recovery) {
            switch recovery {
            case .admitAgain:
                slots -= 1
                check(state.phase == .routed && !state.hasUpstream, "it is admitted again in \(state.phase)")
            case .reconnect: check(state.phase == .connecting, "it reconnects in \(state.phase)")
            case .fail: fail()
            case .breakOff: check(responses == 1, "a response breaks off that has not begun"); end()
            case .closeTunnel: end()
            }
        }

        private mutating func fail() {
            switch state.failed(mayKeepAlive: flip(), isRequestComplete: flip(), at: now) {
            case .respond: responses += 1
            case .breakOff: break
            }
            check(responses <= 1, "\(responses) responses")
            end()
        }

        private mutating func expire() {
            let (isComplete, isWritable) = (flip(), flip())
            switch state.deadlinePassed(now, isRequestComplete: isComplete, isUpstreamWritable: isWritable) {
            case .closeClient: check(false, "an open exchange is treated as idle")
            case .fail, .failAndClose: fail()
            case .failUnlessReading: if flip() { fail() }
            case .askQueue:
                if case .fail = state.waitExpired(now, isAccepting: flip(), startFailure: nil) { fail() }
            }
        }

        private mutating func end() {
            let (hadSlot, hadUpstream, wasInvocation) = (state.hasSlot, state.hasUpstream, state.isInvocation)
            let teardown = state.end()
            teardowns += 1
            check(teardowns == 1, "\(teardowns) teardowns")
            if teardown.contains(.returnSlot) { slots -= 1 }
            if teardown.contains(.abandonUpstream) { slots -= 1 }
            check(slots == 0, "\(slots) slots are left at the end")
            check(hadSlot == !teardown.isDisjoint(with: [.returnSlot, .abandonUpstream]), "the slot is not released")
            check(
                hadUpstream == !teardown.isDisjoint(with: [.closeUpstream, .abandonUpstream]), "a connection is left")
            check(wasInvocation == teardown.contains(.countEnd), "the end is not counted")
            check(state.end().isEmpty, "a second end releases something")
        }

        private mutating func flip() -> Bool { Bool.random(using: &random) }

        private mutating func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &random) == 0 }

        private mutating func check(_ isTrue: Bool, _ violation: String) {
            if !isTrue { violations.append("exchange \(exchanges): \(violation)") }
        }
    }

    @Test(arguments: 0..<20)
    func `random events return each slot once, respond once and tear down once`(seed: UInt64) {
        var world = World(seed: seed)
        for _ in 0..<20_000 where world.violations.isEmpty { world.step() }
        #expect(world.violations.isEmpty, "seed \(seed): \(world.violations.first ?? "")")
        #expect(world.exchanges > 1_000)
    }
}
