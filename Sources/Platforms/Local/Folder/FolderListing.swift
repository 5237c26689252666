import Glibc

/// The entries of one folder that can hold manifests.
struct FolderListing: Sendable {
    /// The state of a folder. If two stamps differ, entries may have been added or removed.
    struct Stamp: Sendable, Hashable {
        let folder: FileStamp
        /// The stamp of the folder's `.f2signore`; `nil` if it has none.
        let rules: FileStamp?
    }

    let stamp: Stamp
    /// True if the folder's last change is old enough that an equal stamp proves that nothing has changed since. File
    /// systems round the time of a change.
    let isStable: Bool
    /// The rules of this folder and of the folders above it, outermost first.
    let rules: [IgnoreRules]
    /// The paths of the folder's manifests, folders and links, relative to the folder of manifests, sorted.
    private(set) var files: [String] = []
    private(set) var folders: [String] = []
    private(set) var links: [String] = []
    private(set) var unnamable: [String] = []
    /// The number of entries of any kind.
    private(set) var count = 0
    /// True if the folder has more entries than the limit allows.
    private(set) var isCut = false

    /// The names of large folders that hold no manifests.
    private static let skipped: Set<String> = ["node_modules"]

    /// Reads a folder. Returns `nil` and sets `errno` if it cannot be read.
    init?(_ path: String, absolute: String, stamp: Stamp, isStable: Bool, rules: [IgnoreRules], entriesMax: Int) {
        // O_NONBLOCK: if a named pipe has replaced the folder, opening it must not block.
        let handle = open(absolute, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK)
        guard handle >= 0 else { return nil }
        guard let stream = fdopendir(handle) else {
            close(handle)
            return nil
        }
        defer { closedir(stream) }
        self.stamp = stamp
        self.isStable = isStable
        self.rules = rules
        while let entry = readdir(stream) {
            guard !Self.isSelfOrParent(entry) else { continue }
            guard count < entriesMax else {
                isCut = true
                break
            }
            count += 1
            add(entry, in: path, absolute: absolute)
        }
        files.sort()
        folders.sort()
        links.sort()
    }

    private mutating func add(_ entry: UnsafeMutablePointer<dirent>, in path: String, absolute: String) {
        let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
        // Editors, version control and ConfigMap volumes keep their copies in hidden entries.
        guard bytes.first != UInt8(ascii: ".") else { return }
        guard let name = String(validating: bytes, as: UTF8.self) else {
            let shown = String(decoding: bytes, as: UTF8.self)
            let isFolder = Int32(entry.pointee.d_type) == DT_DIR
            if isFolder || FolderScan.isManifest(shown) { unnamable.append(path.isEmpty ? shown : "\(path)/\(shown)") }
            return
        }
        let relative = path.isEmpty ? name : "\(path)/\(name)"
        let kind = Self.kind(of: entry, "\(absolute)/\(name)")
        guard !IgnoreRules.exclude(relative, isFolder: kind == DT_DIR, by: rules) else { return }
        switch kind {
        case DT_DIR where !Self.skipped.contains(name): folders.append(relative)
        case DT_REG where FolderScan.isManifest(name): files.append(relative)
        case DT_LNK where !Self.skipped.contains(name): links.append(relative)
        default: break
        }
    }

    /// Returns true for "." and "..", which every folder has.
    private static func isSelfOrParent(_ entry: UnsafeMutablePointer<dirent>) -> Bool {
        let name = entry.pointee.d_name
        let dot = CChar(bitPattern: UInt8(ascii: "."))
        return name.0 == dot && (name.1 == 0 || name.1 == dot && name.2 == 0)
    }

    /// Returns the kind of an entry. Some file systems do not report it together with the name.
    private static func kind(of entry: UnsafeMutablePointer<dirent>, _ path: String) -> Int {
        let told = Int(entry.pointee.d_type)
        guard told == DT_UNKNOWN else { return told }
        var status = stat()
        guard lstat(path, &status) == 0 else { return DT_UNKNOWN }
        return Int(status.st_mode & S_IFMT) >> 12
    }
}
