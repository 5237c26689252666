import CLinux
import F2SSystem
import Glibc
import Synchronization

/// Waits for sockets, messages and timers, and calls their handlers. Belongs to one thread.
final class EventLoop {
    private struct Timer {
        let time: UInt64
        let body: () -> Void
    }

    let poll: Poll
    /// The monotonic clock in nanoseconds when the loop was last woken or the clock was last read.
    private(set) var now = SystemClock.monotonicNanoseconds()
    /// The receive buffer of streams without held bytes. One buffer serves the whole loop, because its bytes are
    /// consumed at once.
    let scratch = Buffer(capacity: Stream.receiveBytesMax)
    var buffers = BufferPool()

    /// The streams, by descriptor.
    private var streams: [Stream?] = []
    /// The handlers of other descriptors, which are few.
    private var listeners: [Int32: () -> Void] = [:]
    private var mailbox: Int32?
    /// Descriptors that were retired during this round. They must not be closed and reused before the events of the
    /// round are handled.
    private var retired: [Int32] = []
    private let closing: ClosingDescriptors
    /// The timers; the next one is the last element.
    private var timers: [Timer] = []
    private var isStopped = false

    /// The most events that are read at once. A round of that many takes well under a millisecond.
    private static let eventsMax = 256

    init(poll: Poll, closing: ClosingDescriptors = ClosingDescriptors()) {
        self.poll = poll
        self.closing = closing
    }

    /// The monotonic clock in nanoseconds.
    func readClock() -> UInt64 {
        now = SystemClock.monotonicNanoseconds()
        return now
    }

    // MARK: Watching descriptors

    func watchMailbox(_ descriptor: Int32) {
        mailbox = descriptor
        poll.add(descriptor, .readable)
    }

    func watchListener(_ descriptor: Int32, _ body: @escaping () -> Void) {
        listeners[descriptor] = body
        poll.add(descriptor, .readable)
    }

    func unwatch(_ descriptor: Int32) {
        // A listener may be unwatched twice, and its descriptor may be higher than that of every stream.
        if listeners.removeValue(forKey: descriptor) == nil, Int(descriptor) < streams.count {
            streams[Int(descriptor)] = nil
        }
        poll.remove(descriptor)
    }

    /// Closes a watched descriptor once this round's events are handled. Closing alone would not end the watch if a
    /// process that is just being started holds a copy of the descriptor.
    func retire(_ descriptor: Int32) {
        unwatch(descriptor)
        retired.append(descriptor)
        closing.count.add(1, ordering: .relaxed)
    }

    func add(_ stream: Stream, _ interest: Readiness) {
        let index = Int(stream.descriptor)
        while streams.count <= index { streams.append(nil) }
        streams[index] = stream
        poll.add(stream.descriptor, interest, isEarly: stream.isUpstream)
    }

    /// Calls `body` once, `delay` nanoseconds from now.
    func schedule(after delay: UInt64, _ body: @escaping () -> Void) {
        let timer = Timer(time: now &+ delay, body: body)
        let index = timers.firstIndex { $0.time <= timer.time } ?? timers.count
        timers.insert(timer, at: index)
    }

    // MARK: Running

    /// Runs until ``stop()``.
    /// - Parameters:
    ///   - tick: The shortest time between two calls of `timePassed`, in nanoseconds.
    ///   - mailArrived: Called when the watched mailbox has messages.
    ///   - roundEnded: Called after each round of events, timers and the tick.
    ///   - timePassed: Called at each tick.
    func run(
        tick: UInt64, mailArrived: () -> Void, roundEnded: () -> Void, timePassed: () -> Void
    ) {
        let events = UnsafeMutableBufferPointer<epoll_event>.allocate(capacity: Self.eventsMax)
        defer { events.deallocate() }
        var nextTick = now &+ tick
        while !isStopped {
            // Safe: the loop's thread waits only here, and a message wakes it.
            let count = poll.wait(events, milliseconds: milliseconds(until: min(nextTick, timers.last?.time ?? .max)))
            now = SystemClock.monotonicNanoseconds()
            // Replicas first, so that bytes that a replica has sent unasked are found before the connection gets its
            // next request.
            for event in events[..<count] where event.isEarly { dispatch(event, mailArrived) }
            for event in events[..<count] where !event.isEarly { dispatch(event, mailArrived) }
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

    /// Makes ``run(tick:mailArrived:roundEnded:timePassed:)`` return after this round.
    func stop() { isStopped = true }

    private func dispatch(_ event: epoll_event, _ mailArrived: () -> Void) {
        let descriptor = event.descriptor
        if Int(descriptor) < streams.count, let stream = streams[Int(descriptor)] {
            stream.isReady(Readiness(rawValue: event.events))
        } else if descriptor == mailbox {
            mailArrived()
        } else {
            // The descriptor may have been unwatched during this round.
            listeners[descriptor]?()
        }
    }

    /// Calls the timers that are due. A timer that one of them schedules waits for the next round, even if it is due at
    /// once, so that events are handled in between.
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
        closing.count.subtract(retired.count, ordering: .relaxed)
        retired.removeAll(keepingCapacity: true)
    }

    /// Returns the time until `time`, rounded up: a loop that is woken too early would have to wait again.
    private func milliseconds(until time: UInt64) -> Int32 {
        time <= now ? 0 : Int32(clamping: (time &- now &+ 999_999) / 1_000_000)
    }
}

/// Counts the descriptors of all loops that are retired and not closed yet. They are still in use.
final class ClosingDescriptors: Sendable {
    let count = Atomic<Int>(0)
}
