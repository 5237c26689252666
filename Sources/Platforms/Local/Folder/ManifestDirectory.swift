import F2SManifest
import F2SModel
import Glibc
import Logging
import Synchronization

/// A folder of manifests as the store of functions.
///
/// It looks at the folder now and then instead of being told: that works on every file system, survives whatever
/// editors and version control do, and costs a system call per file. Only files that have changed are read. All work on
/// files is done on threads of its own, and never while the catalogue is locked: a file system that hangs delays
/// changes of declarations, and nothing else.
final class ManifestDirectory: FunctionStore {
    /// What only work on files touches.
    private struct Work {
        var walk: FolderWalk
        /// The files that declare functions as they were when they were read.
        var stamps: [String: FileStamp] = [:]
        /// Changes that have yet to settle, and when they were seen first.
        var unsettled: [String: Unsettled] = [:]
        /// Files that the last look missed for the first time.
        var missing: Set<String> = []
        var programs = ProgramWatch()
        var hasLooked = false
        /// Whether the folder has ever been there.
        var wasThere = false
    }

    private struct Unsettled {
        let stamp: FileStamp
        /// On the steady clock.
        let since: Duration
    }

    /// A file that has changed.
    private struct Change {
        let place: String
        let stamp: FileStamp
        let file: ManifestFile
        let isSettled: Bool
    }

    /// A change counts when it has been there for so long. Who writes a file anew empties it first, and half a
    /// manifest may be a valid one.
    private static let settlingTime = Duration.milliseconds(100)
    /// Time between two snapshots that differ in statuses: thousands of them are written one after another when a
    /// folder has been read.
    private static let statusInterval = Duration.milliseconds(20)
    /// A change that takes functions away without deleting their file counts later: it may be half of another change.
    private static let removalTime = Duration.seconds(1)
    /// When a file system that does not answer is worth a warning.
    private static let slowLook = Duration.seconds(5)
    /// Names in one message.
    private static let namesMax = 3

    /// Absolute path of the folder.
    let folder: String
    private let options: LocalOptions
    private let logger: Logger
    private let reader: ManifestReader
    private let thread = FileThread()
    private let work: Mutex<Work>
    private let catalog: Mutex<ManifestCatalog>
    private let latest = Latest(FunctionSnapshot())
    /// Raised when the newest statuses have not been published.
    private let staleStatuses = Signal()
    /// Time of the last publication of statuses, on the steady clock. Written under the catalogue's lock.
    private let statusesAt = Mutex(Duration.zero)
    private let loaded = Latest(false)

    init(_ options: LocalOptions, logger: Logger) {
        self.options = options
        self.logger = logger
        folder = Self.absolute(options.folder)
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

    /// Looks at the folder until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.publishStatuses() }
            await self.lookAgainAndAgain()
            group.cancelAll()
        }
    }

    private func lookAgainAndAgain() async {
        let pace = LookPace(interval: options.lookInterval, settlingTime: Self.settlingTime)
        let watcher = FolderWatcher(folder: folder, pace: pace) { [self] scope in lookAround(scope) }
        defer { watcher.stop() }
        var trouble: Logger.Message?
        while !Task.isCancelled {
            let newer = Self.trouble(of: watcher)
            if let newer, newer != trouble { logger.warning(newer, metadata: ["folder": "\(folder)"]) }
            trouble = newer
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
        }
    }

    /// Starts the watcher's thread unless it runs, and says why the folder is not looked at; `nil`: it is.
    private static func trouble(of watcher: FolderWatcher) -> Logger.Message? {
        guard watcher.start() else {
            return "No thread can be started to look at the folder of manifests. It is tried again each second."
        }
        guard let time = watcher.lookTime, time >= slowLook else { return nil }
        return "The folder of manifests is slow to read. Until it has been read, functions stay as they are."
    }

    /// Looks at the manifests; with all of them also at the programs of functions that are watched.
    private func lookAround(_ wanted: LookScope) -> FolderWatcher.Look {
        defer { loaded.publish(true) }
        return work.withLock { work in
            let (scope, isSettled) = look(wanted, in: &work, at: .now)
            guard scope == .everything else { return FolderWatcher.Look(scope: scope, isSettled: isSettled) }
            lookAtPrograms(&work)
            let areSettled = work.programs.isSettled
            return FolderWatcher.Look(
                scope: scope, isSettled: isSettled && areSettled, rest: areSettled ? .files([]) : .everything,
                folders: Set(work.walk.folders).union([folder]))
        }
    }

    /// Restarts the functions beside whose manifest a file has changed.
    private func lookAtPrograms(_ work: inout Work) {
        let watching = latest.current.functions.filter(\.target.watch)
        guard !watching.isEmpty || !work.programs.isSettled else { return }
        var states: [String: FolderState] = [:]
        let manifests = Dictionary(grouping: catalog.withLock { $0.places }.map { split($0) }, by: \.folder)
        var newest: [FunctionName: FolderState] = [:]
        for function in watching {
            guard let folder = function.origin.workingFolder else { continue }
            let names = Set(manifests[folder, default: []].map(\.name))
            let state = states[folder] ?? FolderState(folder, besides: names)
            states[folder] = state
            newest[function.name] = state
        }
        let changed = work.programs.take(newest)
        guard !changed.isEmpty else { return }
        settle { catalog in
            catalog.restart(changed, at: Moment.now.wall)
            return true
        }
        let names = changed.map(\.text).sorted().joined(separator: ", ")
        logger.info(
            "Restarted: a file beside the manifest has changed (target.watch).", metadata: ["functions": "\(names)"])
    }

    /// Returns after the first look.
    func waitUntilLoaded() async {
        for await isLoaded in loaded.values() where isLoaded { return }
    }

    /// Reads what has changed and publishes it; false when a change has yet to settle.
    @discardableResult
    func look(at moment: Moment = .now) -> Bool {
        defer { loaded.publish(true) }
        return work.withLock { look(.everything, in: &$0, at: moment).isSettled }
    }

    // MARK: The port

    func create(_ draft: FunctionDraft) async throws -> Function {
        try Self.validate(draft)
        return try await onFiles { work throws(StoreError) in
            self.look(.everything, in: &work, at: .now)
            guard self.function(named: draft.name) == nil else { throw .alreadyExists(draft.name) }
            do throws(ManifestFile.Failure) {
                try ManifestFile.makeFolder(self.folder)
            } catch {
                throw .unavailable(error.message)
            }
            let place = try self.write(ManifestFile.text(of: draft), ofNew: draft.name)
            return try self.publish(draft, at: place, in: &work)
        }
    }

    func replace(_ draft: FunctionDraft, ifRevision: StoreRevision?) async throws -> Function {
        try Self.validate(draft)
        return try await onFiles { work throws(StoreError) in
            let stored = try self.writable(draft.name, ifRevision: ifRevision, in: &work)
            if stored.draft == draft { return stored }
            let place = stored.origin.place
            do throws(ManifestFile.Failure) {
                let (parent, name) = self.split(place)
                try ManifestFile.write(ManifestFile.text(of: draft), folder: parent, name: name, replacing: true)
            } catch {
                throw .unavailable(error.message)
            }
            return try self.publish(draft, at: place, in: &work)
        }
    }

    func delete(_ name: FunctionName, ifRevision: StoreRevision?) async throws {
        try await onFiles { work throws(StoreError) in
            let stored = try self.writable(name, ifRevision: ifRevision, in: &work)
            let place = stored.origin.place
            do throws(ManifestFile.Failure) {
                let (parent, name) = self.split(place)
                try ManifestFile.remove(folder: parent, name: name)
            } catch {
                throw .unavailable(error.message)
            }
            work.stamps[place] = nil
            self.settle { catalog in
                catalog.drop(place)
                return true
            }
        }
    }

    func restart(_ name: FunctionName) async throws -> Function {
        try catalog.withLock { catalog throws(StoreError) in
            guard catalog.function(named: name) != nil else { throw .notFound(name) }
            catalog.restart([name], at: Moment.now.wall)
            catalog.settle()
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

    /// Publishes the statuses that came too soon after others.
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

    /// Does work on files on the thread for it.
    /// - Throws: ``StoreError``; `unavailable` when the file system does not answer in time.
    private func onFiles<Value: Sendable>(
        _ body: @escaping @Sendable (inout Work) throws(StoreError) -> Value
    ) async throws -> Value {
        do {
            return try await thread.run(within: options.fileTimeout) {
                try self.work.withLock { work throws(StoreError) in try body(&work) }
            }
        } catch is FileThread.Failure {
            throw StoreError.unavailable(
                "the file system of \(folder) has not answered within \(options.fileTimeout.shortText)")
        }
    }

    private func function(named name: FunctionName) -> Function? { catalog.withLock { $0.function(named: name) } }
}

// MARK: - Looking

extension ManifestDirectory {
    /// Looks at a part of the folder, and at what has yet to settle.
    @discardableResult
    private func look(
        _ wanted: LookScope, in work: inout Work, at moment: Moment
    ) -> (scope: LookScope, isSettled: Bool) {
        var known = catalog.withLock { $0.places }
        let part = places(of: wanted, work).flatMap { places in work.walk.look(at: places).map { (places, $0) } }
        let scan = part?.1 ?? work.walk.scan(known: known, now: .seconds(moment.wall))
        if let (places, _) = part { known = places.filter(known.contains) }
        let isFirst = !work.hasLooked
        let before = (unsettled: work.unsettled, missing: work.missing)
        work.hasLooked = true
        work.wasThere = work.wasThere || !scan.isMissing
        work.unsettled = [:]
        work.missing = []
        var changes: [Change] = []
        for (place, stamp) in scan.looked where work.stamps[place] != stamp && work.walk.foreign[place] != stamp {
            let seen = before.unsettled[place].flatMap { $0.stamp == stamp ? $0 : nil }
            work.unsettled[place] = seen ?? Unsettled(stamp: stamp, since: moment.steady)
            let isSettled = .seconds(moment.wall) - stamp.changed >= Self.settlingTime || seen != nil
            // At the start everything is taken as it is; what has just been written is read once more.
            guard isSettled || isFirst else { continue }
            guard let file = read(place, stamp, isKnown: known.contains(place)) else { continue }
            changes.append(Change(place: place, stamp: stamp, file: file, isSettled: isSettled))
        }
        let gone = known.filter { scan.looked[$0] == nil && !scan.isUnknown($0) }
        work.missing = gone.subtracting(before.missing)
        let deleted = gone.intersection(before.missing)
        let remarks = scan.remarks(folder: folder, options, wasThere: work.wasThere)
        take(changes, deleted: deleted, remarks: part == nil ? remarks : nil, in: &work, at: moment)
        return (part == nil ? .everything : wanted, work.unsettled.isEmpty && work.missing.isEmpty)
    }

    /// The files to look at, relative to the folder; `nil`: all of them.
    private func places(of scope: LookScope, _ work: Work) -> Set<String>? {
        guard work.hasLooked, case .files(let paths) = scope else { return nil }
        var places = work.missing.union(work.unsettled.keys)
        for path in paths {
            guard path.hasPrefix(folder + "/") else { return nil }
            places.insert(String(path.dropFirst(folder.count + 1)))
        }
        return places
    }

    /// Brings changes into the catalogue. Those that take functions away wait for a while.
    /// - Parameter remarks: about the folder itself; `nil`: as before.
    private func take(
        _ changes: [Change], deleted: Set<String>, remarks: [Refusal]?, in work: inout Work, at moment: Moment
    ) {
        var foreign: [String] = []
        settle { catalog in
            var hasChanged = !deleted.isEmpty
            if let remarks, remarks != catalog.remarks {
                catalog.remarks = remarks
                hasChanged = true
            }
            let judged = changes.map { (change: $0, lost: catalog.names(lostBy: $0.file, at: $0.place)) }
            for (change, _) in judged.filter(\.lost.isEmpty) {
                hasChanged = accept(change, &catalog, &work, &foreign) || hasChanged
            }
            // Functions that move to another file are declared there by now.
            for (change, lost) in judged.filter({ !$0.lost.isEmpty }) {
                let age = moment.steady - (work.unsettled[change.place]?.since ?? moment.steady)
                guard age >= Self.removalTime || lost.allSatisfy({ catalog.isDeclared($0, besides: change.place) })
                else { continue }
                hasChanged = accept(change, &catalog, &work, &foreign) || hasChanged
            }
            for place in deleted {
                catalog.drop(place)
                work.stamps[place] = nil
            }
            return hasChanged
        }
        report(foreign: foreign)
    }

    /// Returns whether it matters to the catalogue.
    private func accept(
        _ change: Change, _ catalog: inout ManifestCatalog, _ work: inout Work, _ foreign: inout [String]
    ) -> Bool {
        let place = change.place
        if change.isSettled { work.unsettled[place] = nil }
        guard change.file.isForeign else {
            catalog.take(change.file, from: place)
            work.stamps[place] = change.isSettled ? change.stamp : nil
            work.walk.setForeign(place, nil)
            return true
        }
        let isKnown = catalog.knows(place)
        if isKnown { catalog.drop(place) }
        // An empty file is about to be written.
        if change.isSettled, change.stamp.bytes > 0, work.walk.foreign[place] == nil { foreign.append(place) }
        work.stamps[place] = nil
        work.walk.setForeign(place, change.isSettled ? change.stamp : nil)
        return isKnown
    }

    /// Reads a file; `nil` when it must be looked at again first.
    private func read(_ place: String, _ stamp: FileStamp? = nil, isKnown: Bool) -> ManifestFile? {
        do throws(ManifestFile.Failure) {
            let text = try ManifestFile.read(
                "\(folder)/\(place)", bytesMax: options.fileBytesMax, inode: stamp?.inode)
            return ManifestFile(text: text, place: place, reader: reader, wasDeclaring: isKnown)
        } catch {
            // Descriptors come back by themselves; until then nothing is known about the file.
            guard ![ENOENT, ESTALE, EMFILE, ENFILE].contains(error.code) else { return nil }
            return ManifestFile(unreadable: error.message, place: place)
        }
    }

    /// Works the catalogue out anew and publishes it; who follows it says what is refused.
    private func settle(_ change: (inout ManifestCatalog) -> Bool) {
        catalog.withLock { catalog in
            guard change(&catalog) else { return }
            catalog.settle()
            if catalog.snapshot != latest.current { latest.publish(catalog.snapshot) }
        }
    }

    /// One line for any number of files that are no manifests of functions.
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
        let complaints = draft.complaints()
        guard complaints.isEmpty else { throw .invalid(complaints) }
    }

    /// The stored function, if it may be changed by who has seen `ifRevision`.
    private func writable(
        _ name: FunctionName, ifRevision: StoreRevision?, in work: inout Work
    ) throws(StoreError) -> Function {
        look(.everything, in: &work, at: .now)
        guard let stored = function(named: name) else { throw .notFound(name) }
        guard catalog.withLock({ $0.isWritable(stored.origin.place) }) else {
            throw .readOnly(name, place: stored.origin.place, line: stored.origin.line)
        }
        if let ifRevision, ifRevision != stored.storeRevision { throw .conflict(current: stored.storeRevision) }
        return stored
    }

    /// Writes the file of a new function and returns its place.
    private func write(_ text: [UInt8], ofNew name: FunctionName) throws(StoreError) -> String {
        // A file of that name may be there with other functions in it, or with a broken one.
        var failure: ManifestFile.Failure?
        for place in ["\(name).yaml", "\(name).f2s.yaml"] {
            do throws(ManifestFile.Failure) {
                try ManifestFile.write(text, folder: folder, name: place, replacing: false)
                return place
            } catch {
                failure = error
                guard error.code == EEXIST else { break }
            }
        }
        throw .unavailable(failure?.message ?? "no file could be written")
    }

    /// Reads a file that was just written, so that what is published is what a restart would find.
    private func publish(
        _ draft: FunctionDraft, at place: String, in work: inout Work
    ) throws(StoreError) -> Function {
        work.wasThere = true
        let file = read(place, isKnown: true) ?? ManifestFile(unreadable: "the file is gone", place: place)
        // Without a stamp the next look reads it once more.
        work.stamps[place] = nil
        work.walk.setForeign(place, nil)
        settle { catalog in
            catalog.take(file, from: place)
            return true
        }
        guard let stored = function(named: draft.name), stored.origin.place == place else {
            let refusals = latest.current.refusals.filter { $0.place == place }
            throw .unavailable(
                "\(place) was written but cannot be read back: \(refusals.map(\.message).joinedClauses)")
        }
        return stored
    }

    private func split(_ place: String) -> (folder: String, name: String) {
        guard let slash = place.lastIndex(of: "/") else { return (folder, place) }
        return ("\(folder)/\(place[..<slash])", String(place[place.index(after: slash)...]))
    }

    /// The folder's path whatever the working folder will be.
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
