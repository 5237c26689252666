import CLinux
import Glibc

/// What a descriptor is ready for, or is watched for.
struct Readiness: OptionSet, Sendable {
    let rawValue: UInt32

    static let readable = Readiness(rawValue: EPOLLIN.rawValue)
    static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
    /// The other side sends nothing more; bytes that it sent may still be there.
    static let ended = Readiness(rawValue: EPOLLRDHUP.rawValue)
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

    /// Begins to watch a descriptor. A failure means that the kernel's memory is exhausted, and shows as silence.
    func add(_ watched: Int32, _ interest: Readiness) { control(EPOLL_CTL_ADD, watched, interest) }

    /// Watches a descriptor for something else.
    func change(_ watched: Int32, _ interest: Readiness) { control(EPOLL_CTL_MOD, watched, interest) }

    func remove(_ watched: Int32) { control(EPOLL_CTL_DEL, watched, []) }

    /// Waits until something is ready or so many milliseconds are over.
    /// - Returns: how many of `events` are filled in.
    func wait(_ events: UnsafeMutableBufferPointer<epoll_event>, milliseconds: Int32) -> Int {
        max(0, Int(epoll_wait(descriptor, events.baseAddress, Int32(events.count), milliseconds)))
    }

    func close() { Glibc.close(descriptor) }

    private func control(_ operation: Int32, _ watched: Int32, _ interest: Readiness) {
        var event = epoll_event(events: interest.rawValue, data: epoll_data_t(fd: watched))
        epoll_ctl(descriptor, operation, watched, &event)
    }
}
