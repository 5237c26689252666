import Glibc

/// The metadata of an open file. Modules that use NIO take it from here, because the compiler may attribute the members
/// of C's `stat` to a module of NIO there.
public struct FileStatus: Sendable, Hashable {
    /// The permissions, as in chmod(2).
    public let permissions: UInt32
    /// True for a regular file; false for a folder, a pipe or a device.
    public let isRegular: Bool
    /// The size in bytes.
    public let size: Int64

    /// Reads the metadata of an open file; `nil` if the system does not tell them.
    public init?(of descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        permissions = status.st_mode & 0o7777
        isRegular = status.st_mode & S_IFMT == S_IFREG
        size = Int64(status.st_size)
    }
}
