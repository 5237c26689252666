import F2SManifest
import F2SModel
import Glibc
import Synchronization

/// A folder of manifests as the store of functions.
///
/// It looks at the folder now and then instead of being told: that works on every file system, survives whatever
/// editors and version control do, and costs a system call per file. Only files that have changed are read.
final class ManifestDirectory: FunctionStore {
    private struct State {
        var catalog: ManifestCatalog
        /// The files as they were when they were read.
        var stamps: [String: FileStamp] = [:]
        /// Changes that the last look saw for the first time.
        var unsettled: [String: FileStamp] = [:]
        /// Files that the last look missed for the first time.
        var missing: Set<String> = []
        var hasLooked = false
        /// Whether the folder has ever been there.
        var wasThere = false
    }

    /// A change counts when it has been there for so long. Who writes a file anew empties it first, and half a
    /// manifest may be a valid one.
    private static let settlingTime = Duration.milliseconds(100)

    /// Absolute path of the folder.
    let folder: String
    private let options: LocalOptions
    private let reader: ManifestReader
    private let state: Mutex<State>
    private let latest = Latest(FunctionSnapshot())
    private let loaded = Latest(false)

    init(_ options: LocalOptions) {
        self.options = options
        folder = Self.absolute(options.folder)
        var limits = ManifestLimits()
        limits.bytesMax = options.fileBytesMax
        reader = ManifestReader(limits: limits)
        state = Mutex(State(catalog: ManifestCatalog(folder: folder)))
    }

    // MARK: Watching

    /// Looks at the folder until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            let began = Moment.now.steady
            let isSettled = look()
            loaded.publish(true)
            // At most a fiftieth of one core goes into looking, however many files there are.
            let cost = Moment.now.steady - began
            let pause = isSettled ? max(options.lookInterval, cost * 50) : max(Self.settlingTime, cost * 10)
            try? await Task.sleep(for: min(pause, .seconds(5)))
        }
    }

    /// Returns after the first look.
    func waitUntilLoaded() async {
        for await isLoaded in loaded.values() where isLoaded { return }
    }

    /// Reads what has changed and publishes it; false when a change has yet to settle.
    @discardableResult
    func look() -> Bool { state.withLock { look(in: &$0) } }

    // MARK: The port

    func create(_ draft: FunctionDraft) async throws -> Function {
        try Self.validate(draft)
        return try state.withLock { state throws(StoreError) in
            look(in: &state)
            guard state.catalog.function(named: draft.name) == nil else { throw .alreadyExists(draft.name) }
            do throws(ManifestFile.Failure) {
                try ManifestFile.makeFolder(folder)
            } catch {
                throw .unavailable(error.message)
            }
            let place = try write(ManifestFile.text(of: draft), ofNew: draft.name)
            return try publish(draft, at: place, in: &state)
        }
    }

    func replace(_ draft: FunctionDraft, ifRevision: StoreRevision?) async throws -> Function {
        try Self.validate(draft)
        return try state.withLock { state throws(StoreError) in
            let stored = try writable(draft.name, ifRevision: ifRevision, in: &state)
            if stored.draft == draft { return stored }
            let place = stored.origin.place
            do throws(ManifestFile.Failure) {
                let (parent, name) = split(place)
                try ManifestFile.write(ManifestFile.text(of: draft), folder: parent, name: name, replacing: true)
            } catch {
                throw .unavailable(error.message)
            }
            return try publish(draft, at: place, in: &state)
        }
    }

    func delete(_ name: FunctionName, ifRevision: StoreRevision?) async throws {
        try state.withLock { state throws(StoreError) in
            let stored = try writable(name, ifRevision: ifRevision, in: &state)
            let place = stored.origin.place
            do throws(ManifestFile.Failure) {
                let (parent, name) = split(place)
                try ManifestFile.remove(folder: parent, name: name)
            } catch {
                throw .unavailable(error.message)
            }
            state.stamps[place] = nil
            state.catalog.drop(place)
            settle(in: &state)
        }
    }

    func setStatus(_ status: FunctionStatus, of id: Function.ID) async throws {
        state.withLock { state in
            if state.catalog.setStatus(status, of: id) { latest.publish(state.catalog.snapshot) }
        }
    }

    func withSnapshots<Result: Sendable>(
        _ body: @Sendable (Latest<FunctionSnapshot>.Values) async throws -> Result
    ) async throws -> Result {
        try await body(latest.values())
    }
}

// MARK: - Looking

extension ManifestDirectory {
    @discardableResult
    private func look(in state: inout State) -> Bool {
        let scan = FolderScan(folder: folder, filesMax: options.filesMax, depthMax: options.foldersDepthMax)
        let isFirst = !state.hasLooked
        let before = (unsettled: state.unsettled, missing: state.missing)
        state.hasLooked = true
        state.wasThere = state.wasThere || !scan.isMissing
        state.unsettled = [:]
        state.missing = []
        var hasChanged = false
        let now = Duration.seconds(Moment.now.wall)
        for (place, stamp) in scan.files where state.stamps[place] != stamp {
            let isSettled = now - stamp.changed >= Self.settlingTime || before.unsettled[place] == stamp
            if !isSettled { state.unsettled[place] = stamp }
            // At the start everything is taken as it is; what has just been written is read once more.
            guard isSettled || isFirst else { continue }
            state.catalog.take(read(place), from: place)
            state.stamps[place] = isSettled ? stamp : nil
            hasChanged = true
        }
        for place in state.catalog.places where scan.files[place] == nil && !scan.isUnknown(place) {
            guard before.missing.contains(place) else {
                state.missing.insert(place)
                continue
            }
            state.catalog.drop(place)
            state.stamps[place] = nil
            hasChanged = true
        }
        let remarks = remarks(about: scan, wasThere: state.wasThere)
        if hasChanged || remarks != state.catalog.remarks {
            state.catalog.remarks = remarks
            settle(in: &state)
        }
        return state.unsettled.isEmpty && state.missing.isEmpty
    }

    private func read(_ place: String) -> ManifestFile {
        do throws(ManifestFile.Failure) {
            let text = try ManifestFile.read("\(folder)/\(place)", bytesMax: options.fileBytesMax)
            return ManifestFile(text: text, place: place, reader: reader)
        } catch {
            return ManifestFile(unreadable: error.message, place: place)
        }
    }

    /// Works the catalogue out anew and publishes it; who follows it says what is refused.
    private func settle(in state: inout State) {
        state.catalog.settle()
        let snapshot = state.catalog.snapshot
        if snapshot != latest.current { latest.publish(snapshot) }
    }

    private func remarks(about scan: FolderScan, wasThere: Bool) -> [Refusal] {
        var remarks: [Refusal] = []
        for (path, reason) in scan.unreadable.sorted(by: { $0.key < $1.key }) {
            // A folder that has never been there is one that nobody has needed yet.
            if path.isEmpty, scan.isMissing, !wasThere { continue }
            let place = path.isEmpty ? folder : path
            remarks.append(
                Refusal(
                    place: place,
                    message: "the folder cannot be read (\(reason)): its functions stay as they were"))
        }
        if scan.isCut {
            remarks.append(
                Refusal(
                    place: folder,
                    message: "the folder holds more than \(options.filesMax) manifest files or "
                        + "\(options.foldersDepthMax) levels of folders: the rest is not read"))
        }
        return remarks
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
        _ name: FunctionName, ifRevision: StoreRevision?, in state: inout State
    ) throws(StoreError) -> Function {
        look(in: &state)
        guard let stored = state.catalog.function(named: name) else { throw .notFound(name) }
        guard state.catalog.isWritable(stored.origin.place) else {
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
        _ draft: FunctionDraft, at place: String, in state: inout State
    ) throws(StoreError) -> Function {
        state.wasThere = true
        state.catalog.take(read(place), from: place)
        // Without a stamp the next look reads it once more.
        state.stamps[place] = nil
        settle(in: &state)
        guard let stored = state.catalog.function(named: draft.name), stored.origin.place == place else {
            let refusals = state.catalog.snapshot.refusals.filter { $0.place == place }
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
