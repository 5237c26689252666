import F2SSystem
import Glibc
import Synchronization

/// A file that is read in pieces; `-` is standard input. Reading blocks, so only the command line may use this type.
/// `ReadableFile` of the module System does not serve here: the body of an invocation is sent while it is read, and may
/// be of any length.
final class InputFile: Sendable {
    /// The size of one read in bytes.
    private static let pieceBytes = 64 * 1024

    private let path: String
    private let descriptor: Int32

    /// Opens a file for reading.
    /// - Throws: ``CommandFailure`` with the reason.
    init(_ path: String) throws {
        self.path = path
        descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(path) }
    }

    deinit {
        if descriptor != STDIN_FILENO { close(descriptor) }
    }

    /// The number of unread bytes of a regular file; `nil` for other files, which have no known length.
    var length: Int64? {
        guard let status = FileStatus(of: descriptor), status.isRegular else { return nil }
        return status.size - Int64(max(0, lseek(descriptor, 0, SEEK_CUR)))
    }

    /// Returns the next bytes, or `nil` at the end.
    /// - Throws: ``CommandFailure`` with the reason.
    func next() throws -> [UInt8]? {
        while true {
            var count = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { buffer, filled in
                count = read(descriptor, buffer.baseAddress, Self.pieceBytes)
                filled = max(0, count)
            }
            if count >= 0 { return bytes.isEmpty ? nil : bytes }
            guard errno == EINTR else { throw Self.failure(path) }
        }
    }

    /// Returns the whole content.
    /// - Throws: ``CommandFailure``, also if the file has more than `bytesMax` bytes.
    func all(bytesMax: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let piece = try next() {
            bytes += piece
            guard bytes.count <= bytesMax else {
                throw CommandFailure("\(path) has over \(bytesMax) bytes: split it into several files")
            }
        }
        return bytes
    }

    private static func failure(_ path: String) -> CommandFailure {
        CommandFailure(
            "cannot read \(path): \(String(cString: strerror(errno))): name a file that exists, or - for standard input"
        )
    }
}
