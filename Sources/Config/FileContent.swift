import F2SModel
import Glibc

/// What tells one version of a file from another without reading it.
struct FileStamp: Hashable {
    private let device: UInt
    private let inode: UInt
    private let size: Int
    private let seconds: Int
    private let nanoseconds: Int

    /// The stamp of the file that a path leads to, links followed; `nil` when there is none.
    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// The stamp of an open file.
    init?(descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        device = status.st_dev
        inode = status.st_ino
        size = status.st_size
        seconds = status.st_mtim.tv_sec
        nanoseconds = status.st_mtim.tv_nsec
    }
}

/// A file as it was when it was read.
struct FileContent {
    /// Its bytes; `nil` when there was no file.
    let bytes: [UInt8]?
    /// Its stamp when it was read.
    let stamp: FileStamp?

    /// No file.
    static let absent = FileContent(bytes: nil, stamp: nil)
    /// Bytes that are read at most. One more than a settings file may have, so that the reader sees that it
    /// is too long.
    static let bytesMax = 1 << 20 + 1

    /// Reads a file; one that is not there is absent.
    /// - Throws: ``SettingsError`` when it is there and cannot be read.
    static func read(_ path: String) throws(SettingsError) -> FileContent {
        // Without O_NONBLOCK a path that leads to a pipe would hang the start.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return .absent }
            throw refusal(path)
        }
        defer { close(descriptor) }
        // The stamp is taken before the bytes: a change in between is seen at the next look, never missed.
        let stamp = FileStamp(descriptor: descriptor)
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while bytes.count < bytesMax {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            guard count >= 0 else {
                if errno == EINTR { continue }
                throw refusal(path)
            }
            guard count > 0 else { break }
            bytes += chunk.prefix(count)
        }
        return FileContent(bytes: bytes, stamp: stamp)
    }

    private static func refusal(_ path: String) -> SettingsError {
        let reason = String(cString: strerror(errno))
        return SettingsError([
            Refusal(place: path, message: "The file cannot be read: \(reason). Make it a readable file.")
        ])
    }
}
