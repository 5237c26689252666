import CLinux
import Glibc

/// The events that a descriptor is ready for, or is watched for.
struct Readiness: OptionSet, Sendable {
    let rawValue: UInt32

    static let readable = Readiness(rawValue: EPOLLIN.rawValue)
    static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
    /// The other side has ended its sending direction. Bytes that it sent before may still be unread.
    static let ended = Readiness(rawValue: EPOLLRDHUP.rawValue)
    /// An error. Always watched for.
    static let failed = Readiness(rawValue: EPOLLERR.rawValue)
    /// An error, or both directions are closed. Always watched for.
    static let broken = Readiness(rawValue: EPOLLERR.rawValue | EPOLLHUP.rawValue)
}

/// The kernel's list of descriptors that a loop watches (epoll(7)); level-triggered.
struct Poll: Sendable {
    private let descriptor: Int32

    init() throws(SystemError) {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw .last("epoll_create1") }
    }

    /// Begins to watch a descriptor. A failure means that the kernel's memory is exhausted; the descriptor then never
    /// becomes ready.
    /// - Parameter isEarly: True if its events come before those of others that are ready at the same time.
    func add(_ watched: Int32, _ interest: Readiness, isEarly: Bool = false) {
        control(EPOLL_CTL_ADD, watched, interest, isEarly)
    }

    /// Changes the events that a descriptor is watched for.
    func change(_ watched: Int32, _ interest: Readiness, isEarly: Bool = false) {
        control(EPOLL_CTL_MOD, watched, interest, isEarly)
    }

    func remove(_ watched: Int32) { control(EPOLL_CTL_DEL, watched, [], false) }

    /// Waits until a descriptor is ready or the time has passed.
    /// - Returns: The number of `events` that are filled in.
    func wait(_ events: UnsafeMutableBufferPointer<epoll_event>, milliseconds: Int32) -> Int {
        max(0, Int(epoll_wait(descriptor, events.baseAddress, Int32(events.count), milliseconds)))
    }

    func close() { Glibc.close(descriptor) }

    private func control(_ operation: Int32, _ watched: Int32, _ interest: Readiness, _ isEarly: Bool) {
        let tag = UInt64(UInt32(bitPattern: watched)) | (isEarly ? epoll_event.earlyBit : 0)
        var event = epoll_event(events: interest.rawValue, data: epoll_data_t(u64: tag))
        epoll_ctl(descriptor, operation, watched, &event)
    }
}

extension epoll_event {
    /// The bit behind the descriptor, which has 32 bits.
    fileprivate static let earlyBit: UInt64 = 1 << 32

    var isEarly: Bool { data.u64 & Self.earlyBit != 0 }
    var descriptor: Int32 { Int32(bitPattern: UInt32(truncatingIfNeeded: data.u64)) }
}
