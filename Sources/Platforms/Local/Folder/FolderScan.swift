import Glibc

/// What a file looked like: another stamp means that it may have changed.
struct FileStamp: Sendable, Hashable {
    let inode: UInt64
    let bytes: Int64
    /// Last change of content or permissions, seconds since 1970; unlike the time of modification nobody can set it.
    let changed: Duration

    init(_ status: stat) {
        inode = UInt64(status.st_ino)
        bytes = Int64(status.st_size)
        changed = .seconds(status.st_ctim.tv_sec) + .nanoseconds(status.st_ctim.tv_nsec)
    }
}

/// What one walk over a folder of manifests found. All paths are relative to the folder.
struct FolderScan: Sendable {
    /// The manifest files whose stamps were read. Files that are known to declare nothing are looked at in turns.
    var looked: [String: FileStamp] = [:]
    /// Folders that could not be read (the folder itself is ""), and why.
    var unreadable: [String: String] = [:]
    /// Files that could not be looked at for another reason than that they are not there.
    var unknown: Set<String> = []
    /// Whether the folder itself is missing.
    var isMissing = false
    /// Whether a bound was reached, so that files and folders may exist that the walk did not reach.
    var isCut = false
    /// Links and folders that lead to another place than the folder and its file system; they are not followed.
    var outside: [String] = []
    /// Manifests and folders whose names are not UTF-8, with U+FFFD for the bytes that are wrong.
    var unnamable: [String] = []

    /// Whether nothing is known about a file; it must not be taken for deleted.
    func isUnknown(_ place: String) -> Bool {
        unknown.contains(place) || unreadable.keys.contains { $0.isEmpty || place.hasPrefix($0 + "/") }
    }

    /// Whether the name is that of a manifest.
    static func isManifest(_ name: String) -> Bool {
        [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) }
    }
}
