import Glibc

/// The stamps of the files in one folder from which a program may be started.
struct FolderState: Sendable, Hashable {
    private var stamps: [String: FileStamp] = [:]

    /// The maximum number of files whose stamps are read.
    private static let filesMax = 1000
    /// The endings of files that programs write but are not started from.
    private static let written = [".log", ".tmp", ".pid", ".pyc", ".db", ".sqlite", ".sqlite3", "-wal", "-journal"]

    /// Reads the stamps of the files directly in `folder`.
    /// - Parameter besides: The names of files to leave out.
    init(_ folder: String, besides excluded: Set<String> = []) {
        guard let stream = opendir(folder) else { return }
        defer { closedir(stream) }
        while stamps.count < Self.filesMax, let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard !name.hasPrefix("."), !excluded.contains(name), !Self.written.contains(where: name.hasSuffix) else {
                continue
            }
            var status = stat()
            guard stat("\(folder)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            stamps[name] = FileStamp(status)
        }
    }
}
