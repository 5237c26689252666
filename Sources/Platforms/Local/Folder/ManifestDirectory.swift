import F2SManifest
import F2SModel
import F2SSystem
import Glibc
import Logging
import Synchronization

/// The store of functions that reads them from a folder of manifests.
///
/// It scans the folder periodically; the kernel's notices only make it scan earlier. That works on every file system,
/// with every editor and version control system, and costs a system call per file. Only files that have changed are
/// read. All file operations run on separate threads and never while the catalogue is locked, so a file system that
/// hangs delays changes of declarations and nothing else.
final class ManifestDirectory: FunctionStore {
    /// The state of file operations. Nothing else uses it.
    private struct Work {
        var walk: FolderWalk
        /// The stamps, at the time of reading, of the files that declare functions.
        var stamps: [String: FileStamp] = [:]
        /// The changes that may be incomplete, with the time of their first scan.
        var unstable: [String: Unstable] = [:]
        /// The files that were missing in the last scan for the first time.
        var missing: Set<String> = []
        var programs = ProgramWatch()
        var hasLooked = false
        /// True if the folder has ever existed.
        var wasThere = false
    }

    private struct Unstable {
        let stamp: FileStamp
        /// The time of the first scan that saw the change, on the steady clock.
        let since: Duration
    }

    /// A file that has changed.
    private struct Change {
        let location: String
        let stamp: FileStamp
        let file: ManifestFile
        let isStable: Bool
    }

    /// The time for which a file must stay the same before its change is applied. Programs truncate a file before they
    /// rewrite it, and half a manifest may be a valid one.
    private static let stabilisationTime = Duration.milliseconds(100)
    /// The time between two snapshots that differ only in statuses. Thousands of statuses are written one after another
    /// when a folder has been read.
    private static let statusInterval = Duration.milliseconds(20)
    /// The time after which a change is applied that removes functions but not their file. It may be half of a change.
    private static let removalTime = Duration.seconds(1)
    /// The duration of a scan from which on a file system that does not respond is worth a warning.
    private static let slowLook = Duration.seconds(5)
    /// The maximum number of names in one message.
    private static let namesMax = 3

    /// The absolute path of the folder.
    let folder: String
    let history: HistoryFile
    private let options: LocalOptions
    private let logger: Logger
    private let reader: ManifestReader
    private let thread = WorkThread(name: "f2s-files")
    private let work: Mutex<Work>
    private let catalog: Mutex<ManifestCatalog>
    private let latest = Latest(FunctionSnapshot())
    /// Raised when the newest statuses have not been published.
    private let staleStatuses = Signal()
    /// The time of the last publication of statuses, on the steady clock. Written under the catalogue's lock.
    private let statusesAt = Mutex(Duration.zero)
    private let loaded = Latest(false)

    init(_ options: LocalOptions, logger: Logger) {
        self.options = options
        self.logger = logger
        folder = Self.absolute(options.folder)
        history = HistoryFile(folder: folder, logger: logger)
        var limits = ManifestLimits()
        limits.bytesMax = options.fileBytesMax
        reader = ManifestReader(limits: limits)
        let walk = FolderWalk(
            folder: folder,
            limits: FolderWalk.Limits(
                filesMax: options.filesMax, entriesMax: options.entriesMax, foldersMax: options.foldersMax,
                depthMax: options.foldersDepthMax, followsLinks: options.followsLinks))
        work = Mutex(Work(walk: walk))
        catalog = Mutex(ManifestCatalog(folder: folder))
    }

    // MARK: Watching

    /// Scans the folder until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.publishStatuses() }
            group.addTask { await self.history.run() }
            await self.scanRepeatedly()
            group.cancelAll()
        }
    }

    private func scanRepeatedly() async {
        let pace = ScanPace(interval: options.lookInterval, stabilisationTime: Self.stabilisationTime)
        let watcher = FolderWatcher(folder: folder, pace: pace) { [self] scope in scan(scope) }
        defer { watcher.stop() }
        var startFailure: Logger.Message?
        while !Task.isCancelled {
            let newer = Self.startFailure(of: watcher)
            if let newer, newer != startFailure { logger.warning(newer, metadata: ["folder": "\(folder)"]) }
            startFailure = newer
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
        }
    }

    /// Starts the watcher's thread unless it is running. Returns the reason why the folder is not being scanned; `nil`
    /// if it is.
    private static func startFailure(of watcher: FolderWatcher) -> Logger.Message? {
        guard watcher.start() else {
            return "No thread can be started to scan the folder of manifests. F2S tries again every second."
        }
        guard let time = watcher.lookTime, time >= slowLook else { return nil }
        return "The folder of manifests is slow to read. Until it has been read, functions stay as they are."
    }

    /// Scans manifests. A scan of all manifests also checks the programs of watched functions.
    private func scan(_ wanted: ScanScope) -> FolderWatcher.Scan {
        defer { loaded.publish(true) }
        return work.withLock { work in
            let (scope, isStable) = scan(wanted, in: &work, at: .now)
            guard scope == .everything else { return FolderWatcher.Scan(scope: scope, isStable: isStable) }
            checkPrograms(&work)
            let areStable = work.programs.isStable
            return FolderWatcher.Scan(
                scope: scope, isStable: isStable && areStable, rest: areStable ? .files([]) : .everything,
                folders: Set(work.walk.folders).union([folder]))
        }
    }

    /// Restarts the watched functions that have a changed file in the folder of their manifest.
    private func checkPrograms(_ work: inout Work) {
        let watching = latest.current.functions.filter(\.target.watch)
        guard !watching.isEmpty || !work.programs.isStable else { return }
        var states: [String: FolderState] = [:]
        let manifests = Dictionary(grouping: catalog.withLock { $0.locations }.map { split($0) }, by: \.folder)
        var newest: [FunctionName: FolderState] = [:]
        for function in watching {
            guard let folder = function.origin.workingFolder else { continue }
            let names = Set(manifests[folder, default: []].map(\.name))
            let state = states[folder] ?? FolderState(folder, besides: names)
            states[folder] = state
            newest[function.name] = state
        }
        let changed = work.programs.update(newest)
        guard !changed.isEmpty else { return }
        commit { catalog in
            catalog.restart(changed, at: Moment.now.wall)
            return true
        }
        let names = changed.map(\.text).sorted().joined(separator: ", ")
        logger.info(
            "Restarted: a file beside the manifest has changed (target.watch).", metadata: ["functions": "\(names)"])
    }

    /// Returns after the first scan.
    func waitUntilLoaded() async {
        for await isLoaded in loaded.values() where isLoaded { return }
    }

    /// Reads the changed files and publishes the result. Returns false while a change may be incomplete.
    @discardableResult
    func scan(at moment: Moment = .now) -> Bool {
        defer { loaded.publish(true) }
        return work.withLock { scan(.everything, in: &$0, at: moment).isStable }
    }

    // MARK: The port

    func create(_ draft: FunctionDraft, by user: String?) async throws -> Function {
        try Self.validate(draft)
        return try await onFiles { work throws(StoreError) in
            self.scan(.everything, in: &work, at: .now)
            guard self.function(named: draft.name) == nil else { throw .alreadyExists(draft.name) }
            do throws(ManifestFile.Failure) {
                try ManifestFile.makeFolder(self.folder)
            } catch {
                throw .unavailable(error.message)
            }
            let location = try self.write(ManifestFile.text(of: draft), ofNew: draft.name)
            return try self.publish(draft, at: location, by: user, in: &work)
        }
    }

    func replace(_ draft: FunctionDraft, ifRevision: StoreRevision?, by user: String?) async throws -> Function {
        try Self.validate(draft)
        return try await onFiles { work throws(StoreError) in
            let stored = try self.writable(draft.name, ifRevision: ifRevision, in: &work)
            if stored.draft == draft { return stored }
            let location = stored.origin.location
            do throws(ManifestFile.Failure) {
                let (parent, name) = self.split(location)
                try ManifestFile.write(ManifestFile.text(of: draft), folder: parent, name: name, replacing: true)
            } catch {
                throw .unavailable(error.message)
            }
            return try self.publish(draft, at: location, by: user, in: &work)
        }
    }

    func delete(_ name: FunctionName, ifRevision: StoreRevision?) async throws {
        try await onFiles { work throws(StoreError) in
            let stored = try self.writable(name, ifRevision: ifRevision, in: &work)
            let location = stored.origin.location
            do throws(ManifestFile.Failure) {
                let (parent, name) = self.split(location)
                try ManifestFile.remove(folder: parent, name: name)
            } catch {
                throw .unavailable(error.message)
            }
            work.stamps[location] = nil
            self.commit { catalog in
                catalog.drop(location)
                return true
            }
        }
    }

    func restart(_ name: FunctionName, by user: String?) async throws -> Function {
        try catalog.withLock { catalog throws(StoreError) in
            guard catalog.function(named: name) != nil else { throw .notFound(name) }
            catalog.restart([name], at: Moment.now.wall)
            catalog.commit()
            latest.publish(catalog.snapshot)
            guard let function = catalog.function(named: name) else { throw .notFound(name) }
            return function
        }
    }

    func setStatus(_ status: FunctionStatus, of id: Function.ID) async throws {
        let now = Moment.now.steady
        catalog.withLock { catalog in
            guard catalog.setStatus(status, of: id) else { return }
            guard now - statusesAt.withLock({ $0 }) >= Self.statusInterval else { return staleStatuses.raise() }
            statusesAt.withLock { $0 = now }
            latest.publish(catalog.snapshot)
        }
    }

    /// Publishes the statuses that were set too soon after others to be published at once.
    private func publishStatuses() async {
        for await _ in staleStatuses.arrivals() {
            do { try await Task.sleep(for: Self.statusInterval) } catch { return }
            catalog.withLock { catalog in
                statusesAt.withLock { $0 = Moment.now.steady }
                latest.publish(catalog.snapshot)
            }
        }
    }

    func withSnapshots<Result: Sendable>(
        _ body: @Sendable (Latest<FunctionSnapshot>.Values) async throws -> Result
    ) async throws -> Result {
        try await body(latest.values())
    }

    /// Runs a file operation on the thread for file operations.
    /// - Throws: ``StoreError``; `unavailable` if the file system does not respond in time.
    private func onFiles<Value: Sendable>(
        _ body: @escaping @Sendable (inout Work) throws(StoreError) -> Value
    ) async throws -> Value {
        do {
            return try await thread.run(within: options.fileTimeout) {
                try self.work.withLock { work throws(StoreError) in try body(&work) }
            }
        } catch is WorkThread.Failure {
            throw StoreError.unavailable(
                "the file system of \(folder) has not answered within \(options.fileTimeout.shortText)")
        }
    }

    private func function(named name: FunctionName) -> Function? { catalog.withLock { $0.function(named: name) } }
}

// MARK: - Scanning

extension ManifestDirectory {
    /// Scans a part of the folder, and the files whose changes may be incomplete.
    @discardableResult
    private func scan(
        _ wanted: ScanScope, in work: inout Work, at moment: Moment
    ) -> (scope: ScanScope, isStable: Bool) {
        var known = catalog.withLock { $0.locations }
        let part = locations(of: wanted, work).flatMap { locations in
            work.walk.scan(at: locations).map { (locations, $0) }
        }
        let scan = part?.1 ?? work.walk.scan(known: known, now: .seconds(moment.wall))
        if let (locations, _) = part { known = locations.filter(known.contains) }
        let isFirst = !work.hasLooked
        if isFirst {
            let ended = history.load()
            catalog.withLock { $0.ended = ended }
        }
        let before = (unstable: work.unstable, missing: work.missing)
        work.hasLooked = true
        work.wasThere = work.wasThere || !scan.isMissing
        work.unstable = [:]
        work.missing = []
        var changes: [Change] = []
        for (location, stamp) in scan.scanned
        where work.stamps[location] != stamp && work.walk.foreign[location] != stamp {
            let seen = before.unstable[location].flatMap { $0.stamp == stamp ? $0 : nil }
            work.unstable[location] = seen ?? Unstable(stamp: stamp, since: moment.steady)
            let isStable = .seconds(moment.wall) - stamp.changed >= Self.stabilisationTime || seen != nil
            // The first scan applies every file as it is. A file that has just been written is read once more.
            guard isStable || isFirst else { continue }
            guard let file = read(location, stamp, isKnown: known.contains(location)) else { continue }
            changes.append(Change(location: location, stamp: stamp, file: file, isStable: isStable))
        }
        let gone = known.filter { scan.scanned[$0] == nil && !scan.isUnknown($0) }
        work.missing = gone.subtracting(before.missing)
        let deleted = gone.intersection(before.missing)
        let remarks = scan.remarks(folder: folder, options, wasThere: work.wasThere)
        apply(changes, deleted: deleted, remarks: part == nil ? remarks : nil, in: &work, at: moment)
        return (part == nil ? .everything : wanted, work.unstable.isEmpty && work.missing.isEmpty)
    }

    /// Returns the files to scan, relative to the folder; `nil` for all of them.
    private func locations(of scope: ScanScope, _ work: Work) -> Set<String>? {
        guard work.hasLooked, case .files(let paths) = scope else { return nil }
        var locations = work.missing.union(work.unstable.keys)
        for path in paths {
            guard path.hasPrefix(folder + "/") else { return nil }
            locations.insert(String(path.dropFirst(folder.count + 1)))
        }
        return locations
    }

    /// Applies changes to the catalogue. Changes that remove functions are applied after ``removalTime``.
    /// - Parameter remarks: The errors of the folder itself; `nil` to keep the present ones.
    private func apply(
        _ changes: [Change], deleted: Set<String>, remarks: [Rejection]?, in work: inout Work, at moment: Moment
    ) {
        var foreign: [String] = []
        commit { catalog in
            var hasChanged = !deleted.isEmpty
            if let remarks, remarks != catalog.remarks {
                catalog.remarks = remarks
                hasChanged = true
            }
            let judged = changes.map { (change: $0, lost: catalog.names(lostBy: $0.file, at: $0.location)) }
            for (change, _) in judged.filter(\.lost.isEmpty) {
                hasChanged = accept(change, &catalog, &work, &foreign) || hasChanged
            }
            // By now, functions that have moved to another file are declared there.
            for (change, lost) in judged.filter({ !$0.lost.isEmpty }) {
                let age = moment.steady - (work.unstable[change.location]?.since ?? moment.steady)
                guard age >= Self.removalTime || lost.allSatisfy({ catalog.isDeclared($0, besides: change.location) })
                else { continue }
                hasChanged = accept(change, &catalog, &work, &foreign) || hasChanged
            }
            for location in deleted {
                catalog.drop(location)
                work.stamps[location] = nil
            }
            return hasChanged
        }
        report(foreign: foreign)
    }

    /// Applies one change. Returns true if it affects the catalogue.
    private func accept(
        _ change: Change, _ catalog: inout ManifestCatalog, _ work: inout Work, _ foreign: inout [String]
    ) -> Bool {
        let location = change.location
        if change.isStable { work.unstable[location] = nil }
        guard change.file.isForeign else {
            catalog.apply(
                change.file, from: location, edit: Function.Edit(time: change.stamp.modified, user: nil))
            work.stamps[location] = change.isStable ? change.stamp : nil
            work.walk.setForeign(location, nil)
            return true
        }
        let isKnown = catalog.knows(location)
        if isKnown { catalog.drop(location) }
        // An empty file is not reported: a program is probably about to write it.
        if change.isStable, change.stamp.bytes > 0, work.walk.foreign[location] == nil { foreign.append(location) }
        work.stamps[location] = nil
        work.walk.setForeign(location, change.isStable ? change.stamp : nil)
        return isKnown
    }

    /// Reads a file. Returns `nil` if it must be scanned again first.
    private func read(_ location: String, _ stamp: FileStamp? = nil, isKnown: Bool) -> ManifestFile? {
        do throws(ManifestFile.Failure) {
            let text = try ManifestFile.read(
                "\(folder)/\(location)", bytesMax: options.fileBytesMax, inode: stamp?.inode)
            return ManifestFile(text: text, location: location, reader: reader, wasDeclaring: isKnown)
        } catch {
            // A lack of descriptors is temporary. Until it is over, nothing is known about the file.
            guard ![ENOENT, ESTALE, EMFILE, ENFILE].contains(error.code) else { return nil }
            return ManifestFile(unreadable: error.message, location: location)
        }
    }

    /// Changes and commits the catalogue and publishes its snapshot. Subscribers report the rejections.
    private func commit(_ change: (inout ManifestCatalog) -> Bool) {
        catalog.withLock { catalog in
            guard change(&catalog) else { return }
            catalog.commit()
            if catalog.snapshot != latest.current { latest.publish(catalog.snapshot) }
        }
    }

    /// Logs one line for any number of files that declare no function.
    private func report(foreign: [String]) {
        guard !foreign.isEmpty else { return }
        let names = foreign.sorted().prefix(Self.namesMax).joined(separator: ", ")
        let more = foreign.count > Self.namesMax ? " and \(foreign.count - Self.namesMax) more" : ""
        logger.info(
            "Files declare no function: they have neither kind: Function nor an apiVersion of F2S.",
            metadata: ["files": "\(names.printable)\(more)"])
    }
}

// MARK: - Writing

extension ManifestDirectory {
    private static func validate(_ draft: FunctionDraft) throws(StoreError) {
        let errors = draft.fieldErrors()
        guard errors.isEmpty else { throw .invalid(errors) }
    }

    /// Returns the stored function.
    /// - Throws: ``StoreError`` if there is none, its file is read-only, or its revision is not `ifRevision`.
    private func writable(
        _ name: FunctionName, ifRevision: StoreRevision?, in work: inout Work
    ) throws(StoreError) -> Function {
        scan(.everything, in: &work, at: .now)
        guard let stored = function(named: name) else { throw .notFound(name) }
        guard catalog.withLock({ $0.isWritable(stored.origin.location) }) else {
            throw .readOnly(name, location: stored.origin.location, line: stored.origin.line)
        }
        if let ifRevision, ifRevision != stored.storeRevision { throw .conflict(current: stored.storeRevision) }
        return stored
    }

    /// Writes the file of a new function and returns its location.
    private func write(_ text: [UInt8], ofNew name: FunctionName) throws(StoreError) -> String {
        // A file of that name may exist already, with other functions or an invalid one.
        var failure: ManifestFile.Failure?
        for location in ["\(name).yaml", "\(name).f2s.yaml"] {
            do throws(ManifestFile.Failure) {
                try ManifestFile.write(text, folder: folder, name: location, replacing: false)
                return location
            } catch {
                failure = error
                guard error.code == EEXIST else { break }
            }
        }
        throw .unavailable(failure?.message ?? "no file could be written")
    }

    /// Reads a file that was just written, so that F2S publishes the same function that a restart would read.
    private func publish(
        _ draft: FunctionDraft, at location: String, by user: String?, in work: inout Work
    ) throws(StoreError) -> Function {
        work.wasThere = true
        let file = read(location, isKnown: true) ?? ManifestFile(unreadable: "the file is gone", location: location)
        // Without a stamp, the next scan reads the file once more.
        work.stamps[location] = nil
        work.walk.setForeign(location, nil)
        commit { catalog in
            catalog.apply(file, from: location, edit: Function.Edit(time: Moment.now.wall, user: user))
            return true
        }
        guard let stored = function(named: draft.name), stored.origin.location == location else {
            let rejections = latest.current.rejections.filter { $0.location == location }
            throw .unavailable(
                "\(location) was written but cannot be read back: \(rejections.map(\.message).joinedClauses)")
        }
        return stored
    }

    private func split(_ location: String) -> (folder: String, name: String) {
        guard let slash = location.lastIndex(of: "/") else { return (folder, location) }
        return ("\(folder)/\(location[..<slash])", String(location[location.index(after: slash)...]))
    }

    /// Returns an absolute path, which does not depend on later changes of the working folder.
    private static func absolute(_ path: String) -> String {
        if let resolved = realpath(path, nil) {
            defer { free(resolved) }
            return String(cString: resolved)
        }
        guard !path.hasPrefix("/"), let current = getcwd(nil, 0) else { return path }
        defer { free(current) }
        return String(cString: current) + "/" + path
    }
}
