import F2SModel
import F2SSystem
import Glibc

/// The metadata by which two versions of a file differ, without reading it.
struct SettingsFileStamp: Hashable {
    private let device: UInt
    private let inode: UInt
    private let size: Int
    private let seconds: Int
    private let nanoseconds: Int

    /// Creates the stamp of the file at a path and follows links; `nil` if there is no file.
    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Creates the stamp of an open file.
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

/// The content of a file at the time it was read.
struct FileContent {
    /// The bytes; `nil` if there was no file.
    let bytes: [UInt8]?
    /// The stamp at the time it was read.
    let stamp: SettingsFileStamp?

    /// The content of a file that does not exist.
    static let absent = FileContent(bytes: nil, stamp: nil)
    /// The maximum number of bytes that are read: one more than a settings file may have, so that the reader detects a
    /// file that is too long.
    static let bytesMax = 1 << 20 + 1

    /// Reads a file. A file that does not exist is returned as ``absent``.
    /// - Throws: ``SettingsError`` if the file exists and cannot be read.
    static func read(_ path: String) throws(SettingsError) -> FileContent {
        do throws(SystemFailure) {
            let file = try ReadableFile(path)
            // The stamp is read before the bytes: a change in between is detected by the next check and never missed.
            let stamp = SettingsFileStamp(descriptor: file.descriptor)
            return FileContent(bytes: try file.read(bytesMax: bytesMax), stamp: stamp)
        } catch {
            if error.code == ENOENT { return .absent }
            throw SettingsError([
                Rejection(location: path, message: "The file cannot be read: \(error.text). Make it a readable file.")
            ])
        }
    }

    /// The largest file that settings may refer to, in bytes.
    private static let referredBytesMax = 64 << 10

    /// Reads a file that settings refer to.
    /// - Throws: The reason for which it cannot be read.
    static func text(of path: String) throws(SettingsReferences.FileFailure) -> String {
        let bytes: [UInt8]
        do throws(SystemFailure) {
            bytes = try ReadableFile.read(path, bytesMax: referredBytesMax + 1)
        } catch {
            throw SettingsReferences.FileFailure(text: error.text)
        }
        guard bytes.count <= referredBytesMax else {
            throw SettingsReferences.FileFailure(text: "it has over \(referredBytesMax) bytes")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SettingsReferences.FileFailure(text: "it is not UTF-8")
        }
        return text
    }
}
