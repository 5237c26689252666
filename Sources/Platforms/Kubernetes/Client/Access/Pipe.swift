import Glibc
import Synchronization

/// A pipe whose read end does not block. Both ends are closed when the object is released.
final class Pipe: Sendable {
    private let read: Int32
    /// The end that a program writes to.
    let write: Int32
    private let isWriteOpen = Atomic(true)

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ChildProgram.Failure.notStarted(errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        read = ends[0]
        write = ends[1]
        _ = fcntl(read, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close(read)
        closeWriting()
    }

    /// Closes this process's copy of the write end, so that the program has the only one.
    func closeWriting() {
        if isWriteOpen.exchange(false, ordering: .relaxed) { close(write) }
    }

    /// Reads the available bytes, up to 17 chunks of 64 KiB per call.
    func drain(into bytes: inout [UInt8]) {
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        for _ in 0..<17 {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(read, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            bytes += chunk[..<count]
        }
    }
}

/// Strings for C: an array of pointers that ends with a null pointer.
final class Strings {
    let pointers: [UnsafeMutablePointer<CChar>?]

    init(_ texts: [String]) { pointers = texts.map { strdup($0) } + [nil] }

    deinit { for pointer in pointers { free(pointer) } }
}
