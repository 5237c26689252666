import Glibc

/// Walks over a folder of manifests repeatedly and caches the results that are still valid.
///
/// A folder is listed only when it has changed. Every walk reads the stamps of files that declare functions. Files that
/// are known to declare none are checked in turns, so that even a large number of them costs little.
struct FolderWalk: Sendable {
    /// The bounds of a walk.
    struct Limits: Sendable, Hashable {
        /// The maximum number of manifest files.
        var filesMax: Int
        /// The maximum number of entries of any kind.
        var entriesMax: Int
        /// The maximum number of folders.
        var foldersMax: Int
        /// The maximum number of levels of sub-folders.
        var depthMax: Int
        /// True if links that lead out of the folder are followed and other file systems are entered.
        var followsLinks: Bool
    }

    private struct Identity: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    /// A folder to enter.
    private struct Step {
        let path: String
        let depth: Int
        let rules: [IgnoreRules]
    }

    /// The state of one walk in progress.
    private struct Round {
        var scan = FolderScan()
        var steps = [Step(path: "", depth: 0, rules: [])]
        var seen: Set<Identity> = []
        var device: UInt64 = 0
        var entries = 0
        /// The paths of the folders that were entered.
        var reached: [String] = []
        /// The manifests that are links, with the stamps of their targets.
        var linked: [String: FileStamp] = [:]
        var rulesChanged = false
        var hasListed = false
    }

    /// The number of files known to declare nothing that one walk checks.
    private static let foreignPerWalk = 256
    /// The time after a change during which a folder may change again without a new stamp.
    private static let stabilisationTime = Duration.seconds(2)

    private let folder: String
    private let limits: Limits
    private var listings: [String: FolderListing] = [:]
    private var reached: [String] = []
    private var candidates: [String] = []
    private var watched: [String] = []
    private var turns: [String] = []
    private var nextTurn = 0
    private var isStale = true
    /// True if a bound cut the last walk short.
    private var wasCut = true
    /// The files that are known to declare nothing, with their stamps at the time of reading.
    private(set) var foreign: [String: FileStamp] = [:]

    /// - Parameter folder: The absolute path of the folder.
    init(folder: String, limits: Limits) {
        self.folder = folder
        self.limits = limits
    }

    /// The absolute paths of the folders that the last walk entered.
    var folders: [String] { reached.map { absolute($0) } }

    /// Records that a file with this stamp declares nothing; `nil` if it may declare functions.
    mutating func setForeign(_ location: String, _ stamp: FileStamp?) {
        if (foreign[location] == nil) != (stamp == nil) { isStale = true }
        foreign[location] = stamp
    }

    /// Scans the folder.
    /// - Parameters:
    ///   - known: The files that have declared functions so far. They are checked even if the walk does not reach them.
    ///   - now: The current time in seconds since 1970.
    mutating func scan(known: Set<String>, now: Duration) -> FolderScan {
        var round = Round()
        enterFolders(&round, now: now)
        if round.rulesChanged {
            // Rules also apply to folders below, which have not changed themselves.
            listings = [:]
            round = Round()
            enterFolders(&round, now: now)
        }
        if round.hasListed || round.reached != reached { gatherCandidates(&round) }
        if candidates.count > limits.filesMax { round.scan.isCut = true }
        if isStale { divideCandidates() }
        scanFiles(&round)
        if round.scan.isCut { findUnreached(known, &round) }
        wasCut = round.scan.isCut
        return round.scan
    }

    /// Scans only the given files. Returns `nil` if a whole walk is needed: one of them is a link, one is in a folder
    /// that the last walk did not enter, or a bound cut that walk short.
    func scan(at locations: Set<String>) -> FolderScan? {
        guard !wasCut else { return nil }
        var scan = FolderScan()
        for location in locations {
            let parent = location.lastIndex(of: "/").map { String(location[..<$0]) } ?? ""
            guard let listing = listings[parent] else { return nil }
            guard !IgnoreRules.exclude(location, isFolder: false, by: listing.rules) else { continue }
            var status = stat()
            if lstat(absolute(location), &status) == 0 {
                guard status.st_mode & S_IFMT == S_IFREG else { return nil }
                scan.scanned[location] = FileStamp(status)
            } else if errno != ENOENT {
                return nil
            }
        }
        return scan
    }

    // MARK: Folders

    /// Enters folders level by level, so that the upper levels are reached even if a bound cuts the walk short.
    private mutating func enterFolders(_ round: inout Round, now: Duration) {
        var next = 0
        while next < round.steps.count, !round.rulesChanged {
            guard next < limits.foldersMax, round.entries < limits.entriesMax else {
                round.scan.isCut = true
                return
            }
            enter(round.steps[next], &round, now: now)
            next += 1
        }
    }

    private mutating func enter(_ step: Step, _ round: inout Round, now: Duration) {
        let absolute = self.absolute(step.path)
        var status = stat()
        guard stat(absolute, &status) == 0 else { return note(step.path, errno, &round) }
        if step.path.isEmpty { round.device = UInt64(status.st_dev) }
        guard limits.followsLinks || UInt64(status.st_dev) == round.device else {
            round.scan.outside.append(step.path)
            return
        }
        let identity = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        guard round.seen.insert(identity).inserted else { return }
        let ownRules = Self.stamp("\(absolute)/\(IgnoreRules.fileName)")
        let stamp = FolderListing.Stamp(folder: FileStamp(status), rules: ownRules)
        if let old = listings[step.path], old.stamp == stamp, old.isStable {
            return follow(old, step, &round)
        }
        if let old = listings[step.path], old.stamp.rules != ownRules {
            round.rulesChanged = true
            return
        }
        var rules = step.rules
        if ownRules != nil {
            do throws(ManifestFile.Failure) {
                rules.append(try Self.rules(in: absolute, base: step.path))
            } catch {
                // Without the rules, excluded files would be read as manifests.
                return note(step.path, error.code, &round)
            }
        }
        let isStable = now - stamp.folder.changed >= Self.stabilisationTime
        guard
            let listing = FolderListing(
                step.path, absolute: absolute, stamp: stamp, isStable: isStable, rules: rules,
                entriesMax: limits.entriesMax - round.entries)
        else { return note(step.path, errno, &round) }
        if listings[step.path]?.files != listing.files { round.hasListed = true }
        listings[step.path] = listing
        follow(listing, step, &round)
    }

    private func note(_ path: String, _ code: Int32, _ round: inout Round) {
        if path.isEmpty, code == ENOENT { round.scan.isMissing = true }
        // The folder was deleted since its parent was listed. That is no error.
        if code == ENOENT, !path.isEmpty { return }
        round.scan.unreadable[path] = String(cString: strerror(code))
    }

    /// Adds the contents of a listing to the walk.
    private func follow(_ listing: FolderListing, _ step: Step, _ round: inout Round) {
        round.reached.append(step.path)
        round.entries += listing.count
        round.scan.unnamable += listing.unnamable
        if listing.isCut { round.scan.isCut = true }
        for path in listing.folders { push(path, below: step, listing.rules, &round) }
        for path in listing.links { resolve(path, step, listing.rules, &round) }
    }

    private func push(_ path: String, below step: Step, _ rules: [IgnoreRules], _ round: inout Round) {
        guard step.depth < limits.depthMax else {
            round.scan.isCut = true
            return
        }
        round.steps.append(Step(path: path, depth: step.depth + 1, rules: rules))
    }

    private func resolve(_ path: String, _ step: Step, _ rules: [IgnoreRules], _ round: inout Round) {
        var status = stat()
        guard stat(absolute(path), &status) == 0 else { return }
        let kind = status.st_mode & S_IFMT
        let isFolder = kind == S_IFDIR
        guard isFolder || kind == S_IFREG && FolderScan.isManifest(path) else { return }
        guard limits.followsLinks || UInt64(status.st_dev) == round.device && leadsInside(path) else {
            round.scan.outside.append(path)
            return
        }
        guard !IgnoreRules.exclude(path, isFolder: isFolder, by: rules) else { return }
        if isFolder {
            push(path, below: step, rules, &round)
        } else {
            round.linked[path] = FileStamp(status)
        }
    }

    private func leadsInside(_ path: String) -> Bool {
        guard let root = Self.real(folder), let target = Self.real(absolute(path)) else { return false }
        return target == root || target.hasPrefix(root == "/" ? root : root + "/")
    }

    // MARK: Files

    private mutating func gatherCandidates(_ round: inout Round) {
        reached = round.reached
        candidates = reached.flatMap { listings[$0]?.files ?? [] }
        let kept = Set(reached)
        listings = listings.filter { kept.contains($0.key) }
        if !foreign.isEmpty {
            let present = Set(candidates).union(round.linked.keys)
            foreign = foreign.filter { present.contains($0.key) }
        }
        isStale = true
    }

    private mutating func divideCandidates() {
        isStale = false
        let within = candidates.prefix(limits.filesMax)
        watched = within.filter { foreign[$0] == nil }
        turns = within.filter { foreign[$0] != nil }
        nextTurn = 0
    }

    private mutating func scanFiles(_ round: inout Round) {
        for location in watched { scan(at: location, &round.scan) }
        for _ in 0..<min(turns.count, Self.foreignPerWalk) {
            scan(at: turns[nextTurn % turns.count], &round.scan)
            nextTurn = (nextTurn + 1) % turns.count
        }
        for (location, stamp) in round.linked.prefix(limits.filesMax) { round.scan.scanned[location] = stamp }
    }

    /// Scans the known files that the walk did not reach because of a bound.
    private func findUnreached(_ known: Set<String>, _ round: inout Round) {
        let rules = round.reached.compactMap { listings[$0]?.rules.last }
        for location in known where round.scan.scanned[location] == nil && !IgnoreRules.excludeFile(location, by: rules)
        {
            scan(at: location, &round.scan)
        }
    }

    private func scan(at location: String, _ scan: inout FolderScan) {
        var status = stat()
        // The listing showed a file here, or a walk that followed links did.
        if stat(absolute(location), &status) == 0 {
            if status.st_mode & S_IFMT == S_IFREG { scan.scanned[location] = FileStamp(status) }
        } else if ![ENOENT, ENOTDIR, ELOOP].contains(errno) {
            scan.unknown.insert(location)
        }
    }

    // MARK: The file system

    private func absolute(_ path: String) -> String { path.isEmpty ? folder : "\(folder)/\(path)" }

    private static func stamp(_ path: String) -> FileStamp? {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return FileStamp(status)
    }

    private static func rules(in folder: String, base: String) throws(ManifestFile.Failure) -> IgnoreRules {
        let text = try ManifestFile.read("\(folder)/\(IgnoreRules.fileName)", bytesMax: IgnoreRules.bytesMax)
        return IgnoreRules(String(decoding: text, as: UTF8.self), base: base)
    }

    private static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
