import Glibc

/// What a file looked like: another stamp means that it may have changed.
struct FileStamp: Sendable, Hashable {
    let inode: UInt64
    let bytes: Int64
    /// Last change of content or permissions, seconds since 1970; unlike the time of modification nobody can set it.
    let changed: Duration
}

/// The manifest files below a folder at one moment.
struct FolderScan: Sendable, Hashable {
    /// By path relative to the folder.
    private(set) var files: [String: FileStamp] = [:]
    /// Folders that could not be read, by relative path (the folder itself is ""), and why.
    private(set) var unreadable: [String: String] = [:]
    /// Whether the folder itself is missing.
    private(set) var isMissing = false
    /// Whether there were more files or levels than are read.
    private(set) var isCut = false

    private struct Identity: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    /// Looks at every `.yaml`, `.yml` and `.json` below `folder`. Hidden files are skipped, because editors and
    /// ConfigMap volumes keep their copies there; symbolic links are followed, but into no folder twice.
    init(folder: String, filesMax: Int, depthMax: Int) {
        var open = [(path: "", depth: 0)]
        var seen: Set<Identity> = []
        while let (path, depth) = open.popLast() {
            var status = stat()
            let absolute = path.isEmpty ? folder : "\(folder)/\(path)"
            if stat(absolute, &status) == 0 {
                let identity = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
                guard seen.insert(identity).inserted else { continue }
            }
            guard let stream = opendir(absolute) else {
                isMissing = path.isEmpty && errno == ENOENT
                unreadable[path] = String(cString: strerror(errno))
                continue
            }
            defer { closedir(stream) }
            while let entry = readdir(stream) {
                let name = Self.name(of: entry)
                guard !name.hasPrefix("."), stat("\(absolute)/\(name)", &status) == 0 else { continue }
                let relative = path.isEmpty ? name : "\(path)/\(name)"
                if status.st_mode & S_IFMT == S_IFDIR {
                    if depth < depthMax { open.append((relative, depth + 1)) } else { isCut = true }
                } else if status.st_mode & S_IFMT == S_IFREG, Self.isManifest(name) {
                    if files.count < filesMax { files[relative] = FileStamp(status) } else { isCut = true }
                }
            }
        }
    }

    /// Whether a file is in a folder that could not be read, so that nothing is known about it.
    func isUnknown(_ place: String) -> Bool {
        unreadable.keys.contains { $0.isEmpty || place.hasPrefix($0 + "/") }
    }

    static func isManifest(_ name: String) -> Bool {
        [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) }
    }

    private static func name(of entry: UnsafeMutablePointer<dirent>) -> String {
        withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}

extension FileStamp {
    init(_ status: stat) {
        inode = UInt64(status.st_ino)
        bytes = Int64(status.st_size)
        changed = .seconds(status.st_ctim.tv_sec) + .nanoseconds(status.st_ctim.tv_nsec)
    }
}
