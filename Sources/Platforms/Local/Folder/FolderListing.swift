import Glibc

/// The entries of one folder, as far as they can hold manifests.
struct FolderListing: Sendable {
    /// What a folder looked like: another stamp means that entries may have come or gone.
    struct Stamp: Sendable, Hashable {
        let folder: FileStamp
        /// Of its `.f2signore`; `nil`: it has none.
        let rules: FileStamp?
    }

    let stamp: Stamp
    /// Whether the folder had been left alone for long enough that its stamp proves that nothing has changed. File
    /// systems round the time of a change.
    let isSettled: Bool
    /// Its own rules and those of the folders above it, outermost first.
    let rules: [IgnoreRules]
    /// Paths of its manifests, its folders and its links, relative to the folder of manifests, sorted.
    private(set) var files: [String] = []
    private(set) var folders: [String] = []
    private(set) var links: [String] = []
    private(set) var unnamable: [String] = []
    /// Entries of any kind.
    private(set) var count = 0
    /// Whether there were more than were allowed.
    private(set) var isCut = false

    /// Folders of which no manifest is to be expected, and which are large.
    private static let skipped: Set<String> = ["node_modules"]

    /// Reads a folder; `nil` with `errno` when it cannot be read.
    init?(_ path: String, absolute: String, stamp: Stamp, isSettled: Bool, rules: [IgnoreRules], entriesMax: Int) {
        // A named pipe in the folder's place must not hold us up.
        let handle = open(absolute, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK)
        guard handle >= 0 else { return nil }
        guard let stream = fdopendir(handle) else {
            close(handle)
            return nil
        }
        defer { closedir(stream) }
        self.stamp = stamp
        self.isSettled = isSettled
        self.rules = rules
        while let entry = readdir(stream) {
            guard !Self.isSelfOrParent(entry) else { continue }
            guard count < entriesMax else {
                isCut = true
                break
            }
            count += 1
            take(entry, in: path, absolute: absolute)
        }
        files.sort()
        folders.sort()
        links.sort()
    }

    private mutating func take(_ entry: UnsafeMutablePointer<dirent>, in path: String, absolute: String) {
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

    /// "." and "..", which every folder has.
    private static func isSelfOrParent(_ entry: UnsafeMutablePointer<dirent>) -> Bool {
        let name = entry.pointee.d_name
        let dot = CChar(bitPattern: UInt8(ascii: "."))
        return name.0 == dot && (name.1 == 0 || name.1 == dot && name.2 == 0)
    }

    /// Some file systems do not tell the kind along with the name.
    private static func kind(of entry: UnsafeMutablePointer<dirent>, _ path: String) -> Int {
        let told = Int(entry.pointee.d_type)
        guard told == DT_UNKNOWN else { return told }
        var status = stat()
        guard lstat(path, &status) == 0 else { return DT_UNKNOWN }
        return Int(status.st_mode & S_IFMT) >> 12
    }
}
