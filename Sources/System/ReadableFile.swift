import Glibc

/// A file that is open for reading. Each read has a limit, so that a huge or endless file cannot fill the memory.
public struct ReadableFile: ~Copyable, Sendable {
    /// The descriptor. It is closed when this value ends.
    public let descriptor: Int32

    private static let pieceBytesMax = 64 * 1024

    /// Opens a file.
    /// - Parameters:
    ///   - isWaiting: True to wait for the writer of a named pipe. If it is false, a pipe without a writer is an empty
    ///     file, so that a path to one cannot block the caller.
    ///   - followsLinks: False if the path must not end in a symbolic link. Such a link is the error ELOOP.
    /// - Throws: ``SystemFailure`` with the error of open(2).
    public init(_ path: String, isWaiting: Bool = false, followsLinks: Bool = true) throws(SystemFailure) {
        let flags = (isWaiting ? 0 : O_NONBLOCK) | (followsLinks ? 0 : O_NOFOLLOW)
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | flags)
        guard file >= 0 else { throw SystemFailure(code: errno) }
        descriptor = file
    }

    deinit { close(descriptor) }

    /// Reads from the current position to the end, but at most `bytesMax` bytes. A caller that must detect a longer
    /// file passes one byte more than it accepts.
    /// - Throws: ``SystemFailure`` with the error of read(2).
    public func read(bytesMax: Int) throws(SystemFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: min(Self.pieceBytesMax, max(bytesMax, 0)))
        while bytes.count < bytesMax {
            let count = Glibc.read(descriptor, &piece, min(piece.count, bytesMax - bytes.count))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemFailure(code: errno) }
            guard count > 0 else { break }
            bytes += piece[..<count]
        }
        return bytes
    }

    /// Opens and reads a file, at most `bytesMax` bytes of it.
    /// - Throws: ``SystemFailure``.
    public static func read(
        _ path: String, bytesMax: Int, isWaiting: Bool = false
    ) throws(SystemFailure) -> [UInt8] {
        try ReadableFile(path, isWaiting: isWaiting).read(bytesMax: bytesMax)
    }
}
