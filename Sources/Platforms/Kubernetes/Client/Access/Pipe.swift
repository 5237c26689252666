import Glibc
import Synchronization

/// A pipe that is read without waiting. Both ends are closed with it.
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

    /// Closes our copy of the end that the program writes to, so that it has the only one.
    func closeWriting() {
        if isWriteOpen.exchange(false, ordering: .relaxed) { close(write) }
    }

    /// Takes what is there, up to 1 MiB and a bit at once.
    func drain(into bytes: inout [UInt8]) {
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        for _ in 0..<17 {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(read, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            bytes += chunk[..<count]
        }
    }
}

/// Texts for C: an array of pointers that ends with a null.
final class Strings {
    let pointers: [UnsafeMutablePointer<CChar>?]

    init(_ texts: [String]) { pointers = texts.map { strdup($0) } + [nil] }

    deinit { for pointer in pointers { free(pointer) } }
}
