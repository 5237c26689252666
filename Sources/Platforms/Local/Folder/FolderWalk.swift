import Glibc

/// Walks over a folder of manifests again and again, and remembers what need not be read anew.
///
/// A folder is listed only when it has changed. Files that declare functions are looked at in every walk; files that
/// are known to declare none are looked at in turns, so that any number of them costs nearly nothing.
struct FolderWalk: Sendable {
    /// Bounds of a walk.
    struct Limits: Sendable, Hashable {
        /// Manifest files.
        var filesMax: Int
        /// Entries of any kind.
        var entriesMax: Int
        /// Folders.
        var foldersMax: Int
        /// Levels of sub-folders.
        var depthMax: Int
        /// Whether links that lead out of the folder are followed, and other file systems entered.
        var followsLinks: Bool
    }

    private struct Identity: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    /// A folder that is to be entered.
    private struct Step {
        let path: String
        let depth: Int
        let rules: [IgnoreRules]
    }

    /// One walk, while it goes on.
    private struct Round {
        var scan = FolderScan()
        var steps = [Step(path: "", depth: 0, rules: [])]
        var seen: Set<Identity> = []
        var device: UInt64 = 0
        var entries = 0
        /// Paths of the folders that were entered.
        var reached: [String] = []
        /// Manifests that are links, with their stamps.
        var linked: [String: FileStamp] = [:]
        var rulesChanged = false
        var hasListed = false
    }

    /// Files known to declare nothing that are looked at in one walk.
    private static let foreignPerWalk = 256
    /// A folder whose last change is younger may change again without a new stamp.
    private static let settlingTime = Duration.seconds(2)

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
    /// Files that are known to declare nothing, as they were when they were read.
    private(set) var foreign: [String: FileStamp] = [:]

    /// - Parameter folder: absolute path.
    init(folder: String, limits: Limits) {
        self.folder = folder
        self.limits = limits
    }

    /// Absolute paths of the folders that the last walk has entered.
    var folders: [String] { reached.map { absolute($0) } }

    /// Remembers that a file declares nothing, as long as it looks like `stamp`; `nil`: it may declare something.
    mutating func setForeign(_ place: String, _ stamp: FileStamp?) {
        if (foreign[place] == nil) != (stamp == nil) { isStale = true }
        foreign[place] = stamp
    }

    /// Looks at the folder.
    /// - Parameters:
    ///   - known: files that declare something so far; they are looked at even when the walk does not reach them.
    ///   - now: seconds since 1970.
    mutating func scan(known: Set<String>, now: Duration) -> FolderScan {
        var round = Round()
        enterFolders(&round, now: now)
        if round.rulesChanged {
            // Rules reach below their folder, into folders that have not changed themselves.
            listings = [:]
            round = Round()
            enterFolders(&round, now: now)
        }
        if round.hasListed || round.reached != reached { gatherCandidates(&round) }
        if candidates.count > limits.filesMax { round.scan.isCut = true }
        if isStale { divideCandidates() }
        lookAtFiles(&round)
        if round.scan.isCut { lookForUnreached(known, &round) }
        wasCut = round.scan.isCut
        return round.scan
    }

    /// Looks at some files only. `nil`: a walk is needed, because one of them is a link or in a folder that the last
    /// walk has not entered, or because a bound cut that walk short.
    func look(at places: Set<String>) -> FolderScan? {
        guard !wasCut else { return nil }
        var scan = FolderScan()
        for place in places {
            let parent = place.lastIndex(of: "/").map { String(place[..<$0]) } ?? ""
            guard let listing = listings[parent] else { return nil }
            guard !IgnoreRules.exclude(place, isFolder: false, by: listing.rules) else { continue }
            var status = stat()
            if lstat(absolute(place), &status) == 0 {
                guard status.st_mode & S_IFMT == S_IFREG else { return nil }
                scan.looked[place] = FileStamp(status)
            } else if errno != ENOENT {
                return nil
            }
        }
        return scan
    }

    // MARK: Folders

    /// Enters folders level by level: what lies near the top is reached even where a bound cuts the walk short.
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
        if let old = listings[step.path], old.stamp == stamp, old.isSettled {
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
                // Without its rules, files that are excluded would be taken for manifests.
                return note(step.path, error.code, &round)
            }
        }
        let isSettled = now - stamp.folder.changed >= Self.settlingTime
        guard
            let listing = FolderListing(
                step.path, absolute: absolute, stamp: stamp, isSettled: isSettled, rules: rules,
                entriesMax: limits.entriesMax - round.entries)
        else { return note(step.path, errno, &round) }
        if listings[step.path]?.files != listing.files { round.hasListed = true }
        listings[step.path] = listing
        follow(listing, step, &round)
    }

    private func note(_ path: String, _ code: Int32, _ round: inout Round) {
        if path.isEmpty, code == ENOENT { round.scan.isMissing = true }
        // A folder that has just gone is no longer there to be read.
        if code == ENOENT, !path.isEmpty { return }
        round.scan.unreadable[path] = String(cString: strerror(code))
    }

    /// Takes over what a listing holds.
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

    private mutating func lookAtFiles(_ round: inout Round) {
        for place in watched { look(at: place, &round.scan) }
        for _ in 0..<min(turns.count, Self.foreignPerWalk) {
            look(at: turns[nextTurn % turns.count], &round.scan)
            nextTurn = (nextTurn + 1) % turns.count
        }
        for (place, stamp) in round.linked.prefix(limits.filesMax) { round.scan.looked[place] = stamp }
    }

    /// Files that were known before a bound hid them from the walk.
    private func lookForUnreached(_ known: Set<String>, _ round: inout Round) {
        let rules = round.reached.compactMap { listings[$0]?.rules.last }
        for place in known where round.scan.looked[place] == nil && !IgnoreRules.excludeFile(place, by: rules) {
            look(at: place, &round.scan)
        }
    }

    private func look(at place: String, _ scan: inout FolderScan) {
        var status = stat()
        // The directory said that it is a file, or a walk that followed links found it.
        if stat(absolute(place), &status) == 0 {
            if status.st_mode & S_IFMT == S_IFREG { scan.looked[place] = FileStamp(status) }
        } else if ![ENOENT, ENOTDIR, ELOOP].contains(errno) {
            scan.unknown.insert(place)
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
