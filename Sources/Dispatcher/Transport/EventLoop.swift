import CLinux
import Glibc

/// Waits for sockets, mail and time, and tells those who are concerned. Belongs to one thread.
final class EventLoop {
    /// What a descriptor of the loop is.
    private enum Source {
        case stream(Stream)
        case listener(() -> Void)
        case mailbox
    }

    private struct Timer {
        let time: UInt64
        let body: () -> Void
    }

    let poll: Poll
    /// The monotonic clock in nanoseconds when the loop was last woken, or looked since.
    private(set) var now = Clock.monotonicNanoseconds()
    /// Where a stream without held bytes receives: one for all of the loop, because it is used up at once.
    let scratch = Buffer(capacity: Stream.receiveBytesMax)
    var buffers = BufferPool()

    /// By descriptor.
    private var sources: [Source?] = []
    /// Closed during this round: their descriptors must not be given out again before its events are through.
    private var retired: [Int32] = []
    /// The next one last.
    private var timers: [Timer] = []
    private var isStopped = false

    /// Events taken at once; a round of so many takes well under a millisecond.
    private static let eventsMax = 256

    init(poll: Poll) { self.poll = poll }

    /// The monotonic clock in nanoseconds.
    func lookAtClock() -> UInt64 {
        now = Clock.monotonicNanoseconds()
        return now
    }

    // MARK: Who is told

    func watchMailbox(_ descriptor: Int32) { add(descriptor, .mailbox, .readable) }

    func watchListener(_ descriptor: Int32, _ body: @escaping () -> Void) {
        add(descriptor, .listener(body), .readable)
    }

    func unwatch(_ descriptor: Int32) {
        sources[Int(descriptor)] = nil
        poll.remove(descriptor)
    }

    /// Closes a watched descriptor once this round's events are through. Closing alone would not end the watch where a
    /// process that is just being started holds a copy of the descriptor.
    func retire(_ descriptor: Int32) {
        unwatch(descriptor)
        retired.append(descriptor)
    }

    func add(_ stream: Stream, _ interest: Readiness) {
        add(stream.descriptor, .stream(stream), interest, isEarly: stream.isUpstream)
    }

    private func add(_ descriptor: Int32, _ source: Source, _ interest: Readiness, isEarly: Bool = false) {
        let index = Int(descriptor)
        while sources.count <= index { sources.append(nil) }
        sources[index] = source
        poll.add(descriptor, interest, isEarly: isEarly)
    }

    /// Calls `body` once, so many nanoseconds from now.
    func schedule(after delay: UInt64, _ body: @escaping () -> Void) {
        let timer = Timer(time: now &+ delay, body: body)
        let index = timers.firstIndex { $0.time <= timer.time } ?? timers.count
        timers.insert(timer, at: index)
    }

    // MARK: Running

    /// Runs until ``stop()``.
    /// - Parameters:
    ///   - tick: nanoseconds from one call of `timePassed` to the next, at least.
    ///   - mailArrived: called when the watched mailbox has something.
    ///   - roundEnded: called after each round of events, timers and the tick.
    func run(
        tick: UInt64, mailArrived: () -> Void, roundEnded: () -> Void, timePassed: () -> Void
    ) {
        let events = UnsafeMutableBufferPointer<epoll_event>.allocate(capacity: Self.eventsMax)
        defer { events.deallocate() }
        var nextTick = now &+ tick
        while !isStopped {
            // Safe: this is the one place where the loop's own thread rests, and mail wakes it.
            let count = poll.wait(events, milliseconds: milliseconds(until: min(nextTick, timers.last?.time ?? .max)))
            now = Clock.monotonicNanoseconds()
            // Replicas first: what one has sent unasked is found before the connection gets its next request.
            for event in events[..<count] where event.isEarly { tell(event, mailArrived) }
            for event in events[..<count] where !event.isEarly { tell(event, mailArrived) }
            fireTimers()
            if now >= nextTick {
                nextTick = now &+ tick
                timePassed()
            }
            roundEnded()
            closeRetired()
        }
        closeRetired()
        poll.close()
    }

    /// Lets ``run(tick:mailArrived:roundEnded:timePassed:)`` return after this round.
    func stop() { isStopped = true }

    private func tell(_ event: epoll_event, _ mailArrived: () -> Void) {
        switch sources[Int(event.descriptor)] {
        case .stream(let stream): stream.isReady(Readiness(rawValue: event.events))
        case .listener(let body): body()
        case .mailbox: mailArrived()
        case nil: break
        }
    }

    /// What a timer schedules waits for the next round, even if it is due at once: events have their turn in between.
    private func fireTimers() {
        guard let last = timers.last, last.time <= now else { return }
        let first = timers.firstIndex { $0.time <= now } ?? timers.count
        let due = timers[first...].reversed()
        timers.removeSubrange(first...)
        for timer in due { timer.body() }
    }

    private func closeRetired() {
        guard !retired.isEmpty else { return }
        for descriptor in retired { close(descriptor) }
        retired.removeAll(keepingCapacity: true)
    }

    /// Rounded up: to be woken too early would mean to be woken again.
    private func milliseconds(until time: UInt64) -> Int32 {
        time <= now ? 0 : Int32(clamping: (time &- now &+ 999_999) / 1_000_000)
    }
}
