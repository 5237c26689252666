import Glibc

/// The state of a file. If two stamps differ, the file may have changed.
struct FileStamp: Sendable, Hashable {
    let inode: UInt64
    let bytes: Int64
    /// The last change of content or permissions, in seconds since 1970. Programs can set the time of modification, but
    /// not this time.
    let changed: Duration
    /// The time of modification, in seconds since 1970, as people know it.
    let modified: Double

    init(_ status: stat) {
        inode = UInt64(status.st_ino)
        bytes = Int64(status.st_size)
        changed = .seconds(status.st_ctim.tv_sec) + .nanoseconds(status.st_ctim.tv_nsec)
        modified = Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9
    }
}

/// The result of one walk over a folder of manifests. All paths are relative to the folder.
struct FolderScan: Sendable {
    /// The manifest files whose stamps were read. Files that are known to declare nothing are checked in turns.
    var scanned: [String: FileStamp] = [:]
    /// The folders that could not be read (the folder itself is ""), with the reasons.
    var unreadable: [String: String] = [:]
    /// The files whose stamps could not be read although they may exist.
    var unknown: Set<String> = []
    /// True if the folder itself is missing.
    var isMissing = false
    /// True if a bound was reached, so that the walk may have missed files and folders.
    var isCut = false
    /// The links and folders that lead out of the folder or to another file system. They are not followed.
    var outside: [String] = []
    /// The manifests and folders whose names are not UTF-8, with U+FFFD in place of the invalid bytes.
    var unnamable: [String] = []

    /// Returns true if the scan does not show whether a file exists. Such a file must not be treated as deleted.
    func isUnknown(_ location: String) -> Bool {
        unknown.contains(location) || unreadable.keys.contains { $0.isEmpty || location.hasPrefix($0 + "/") }
    }

    /// Returns true if the name is that of a manifest.
    static func isManifest(_ name: String) -> Bool {
        [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) }
    }
}
