import F2SManifest
import F2SModel

/// The functions that all files together declare.
///
/// A value without I/O: it receives parsed files and returns functions. Names are unique over all files; the first
/// declaration of a name keeps it. A file that becomes invalid removes nothing: its functions stay as they were until
/// the file can be read again. Only the declarations of changed files are evaluated again.
struct ManifestCatalog {
    private struct Declaration {
        let location: String
        let line: Int
        let draft: FunctionDraft
        let isWritable: Bool
        /// The last change of the file.
        let edit: Function.Edit?

        static func isBefore(_ one: Declaration, _ other: Declaration) -> Bool {
            (one.location, one.line) < (other.location, other.line)
        }
    }

    /// The absolute path of the folder, from which the working folders of functions are derived.
    private let folder: String
    private var files: [String: ManifestFile] = [:]
    /// The declarations of each name, ordered by location and line.
    private var declarations: [FunctionName: [Declaration]] = [:]
    /// The functions, by file, that are kept because their file can no longer be read completely.
    private var kept: [String: Set<FunctionName>] = [:]
    /// The file that declared each kept function.
    private var keepers: [FunctionName: String] = [:]
    /// The rejected declarations, by name, of names that another declaration holds.
    private var losers: [FunctionName: [Rejection]] = [:]
    /// The files with errors.
    private var broken: Set<String> = []
    /// The names that the next ``commit()`` evaluates.
    private var touched: Set<FunctionName> = []
    /// All functions and rejections as of the last ``commit()``.
    private(set) var snapshot = FunctionSnapshot()
    private var nextAge: UInt64 = 1
    /// The text of the last requested restart of each function.
    private var restarts: [FunctionName: String] = [:]
    private var restartsCount = 0
    /// The newest declarations that were known when F2S ended, of functions that have not been declared since. Their
    /// generations are continued.
    var ended: [FunctionName: HistoryFile.Newest] = [:]
    /// The errors that concern the folder itself.
    var remarks: [Rejection] = []

    init(folder: String) { self.folder = folder }

    /// The known files, by path relative to the folder.
    private(set) var locations: Set<String> = []

    /// Returns true if a file is known.
    func knows(_ location: String) -> Bool { files[location] != nil }

    /// Returns the function of that name.
    func function(named name: FunctionName) -> Function? { snapshot.function(of: Self.id(of: name)) }

    private static func id(of name: FunctionName) -> Function.ID { Function.ID(name.text) }

    /// Returns the functions that would be removed if the file at `location` had these contents, unless another file
    /// declares them.
    func names(lostBy file: ManifestFile, at location: String) -> Set<FunctionName> {
        guard let old = files[location], file.rejections.isEmpty else { return [] }
        return Set(old.documents.map(\.draft.name)).union(kept[location] ?? [])
            .subtracting(file.documents.map(\.draft.name))
            .filter { function(named: $0)?.origin.location == location }
    }

    /// Returns true if a file other than the one at `location` declares the function.
    func isDeclared(_ name: FunctionName, besides location: String) -> Bool {
        declarations[name]?.contains { $0.location != location } ?? false
    }

    /// Applies the contents of a file that was read. They take effect with the next ``commit()``.
    /// - Parameter edit: The last change of the file. It counts for those of its functions that have changed.
    mutating func apply(_ file: ManifestFile, from location: String, edit: Function.Edit?) {
        let before = retract(location)
        files[location] = file
        locations.insert(location)
        if file.rejections.isEmpty {
            broken.remove(location)
        } else {
            // The functions that the file has declared so far stay, whatever it declares now.
            broken.insert(location)
            for name in before where function(named: name)?.origin.location == location { keep(name, of: location) }
        }
        for document in file.documents {
            let name = document.draft.name
            let declaration = Declaration(
                location: location, line: document.line, draft: document.draft, isWritable: file.isWritable,
                edit: edit)
            declarations[name] = ((declarations[name] ?? []) + [declaration]).sorted(by: Declaration.isBefore)
            touched.insert(name)
        }
    }

    /// Removes the declarations of a file that was deleted, with the next ``commit()``.
    mutating func drop(_ location: String) {
        retract(location)
        files[location] = nil
        locations.remove(location)
        broken.remove(location)
    }

    /// Removes the declarations of a file and the functions that were kept for it.
    /// - Returns: The names of the removed functions.
    @discardableResult
    private mutating func retract(_ location: String) -> Set<FunctionName> {
        let unreadable = kept.removeValue(forKey: location) ?? []
        for name in unreadable { keepers[name] = nil }
        let names = Set(files[location]?.documents.map(\.draft.name) ?? []).union(unreadable)
        for name in names {
            let others = declarations[name]?.filter { $0.location != location } ?? []
            declarations[name] = others.isEmpty ? nil : others
        }
        touched.formUnion(names)
        return names
    }

    private mutating func keep(_ name: FunctionName, of location: String) {
        kept[location, default: []].insert(name)
        keepers[name] = location
    }

    /// Stores the status of a function. Returns false if it is the same as before.
    mutating func setStatus(_ status: FunctionStatus, of id: Function.ID) -> Bool { snapshot.setStatus(status, of: id) }

    /// Gives functions a new revision with the next ``commit()``.
    /// - Parameter time: The time of the restart in seconds since 1970.
    mutating func restart(_ names: some Sequence<FunctionName>, at time: Double) {
        restartsCount += 1
        // The count keeps two restarts within one millisecond apart.
        for name in names { restarts[name] = "\(TimeText.utc(secondsSince1970: time)) \(restartsCount)" }
        touched.formUnion(names)
    }

    /// Returns true if F2S may rewrite a file.
    func isWritable(_ location: String) -> Bool { files[location]?.isWritable ?? false }

    /// Evaluates the declarations after all changed files were applied or dropped.
    mutating func commit() {
        var winners: [Declaration] = []
        var removed: Set<Function.ID> = []
        for name in touched {
            let rivals = declarations[name] ?? []
            guard let winner = holder(of: name, among: rivals) else {
                losers[name] = nil
                if keepers[name] == nil {
                    removed.insert(Self.id(of: name))
                    restarts[name] = nil
                }
                continue
            }
            winners.append(winner)
            if let keeper = keepers.removeValue(forKey: name) { kept[keeper]?.remove(name) }
            let refused = rivals.filter { ($0.location, $0.line) != (winner.location, winner.line) }
            losers[name] = refused.isEmpty ? nil : refused.map { Self.rejection(of: $0, holder: winner) }
        }
        touched = []
        // New functions get their ages in the order of the files.
        let functions = winners.sorted(by: Declaration.isBefore).map { function(of: $0) }
        snapshot.update(functions, removing: removed, rejections: rejections)
    }

    /// All errors: of the folder, of names that are declared twice, and of files.
    private var rejections: [Rejection] {
        remarks + losers.values.joined().sorted { ($0.location, $0.line ?? 0) < ($1.location, $1.line ?? 0) }
            + broken.sorted().flatMap { rejections(about: $0) }
    }

    /// Returns the declaration that has held the name so far, otherwise the first.
    private func holder(of name: FunctionName, among rivals: [Declaration]) -> Declaration? {
        let location = function(named: name)?.origin.location
        return rivals.first { $0.location == location } ?? rivals.first
    }

    private static func rejection(of loser: Declaration, holder: Declaration) -> Rejection {
        Rejection(
            location: loser.location, line: loser.line,
            message: "metadata.name is \"\(loser.draft.name)\", which is declared in \(holder.location):\(holder.line) "
                + "already: it must be unique in all files, whatever the namespace")
    }

    /// Returns the errors of a file. The message of the first one names the functions that stay nevertheless.
    private func rejections(about location: String) -> [Rejection] {
        let names = (kept[location] ?? []).sorted().map(\.text).joined(separator: ", ")
        return (files[location]?.rejections ?? []).enumerated().map { index, rejection in
            let message =
                index == 0 && !names.isEmpty
                ? "\(rejection.message.sentence) Until it is corrected the last good version stays: \(names)"
                : rejection.message
            return Rejection(
                location: rejection.location, line: rejection.line, column: rejection.column, message: message)
        }
    }

    private mutating func function(of declaration: Declaration) -> Function {
        let draft = declaration.draft
        let old = function(named: draft.name)
        if let old, old.draft == draft {
            let origin = origin(of: declaration, edit: old.origin.lastEdit)
            guard old.origin != origin else { return old }
            return Function(
                id: old.id, draft: draft, generation: old.generation, storeRevision: old.storeRevision, age: old.age,
                origin: origin, status: old.status)
        }
        if old == nil { nextAge += 1 }
        let revision = Self.revision(of: draft)
        let ended = old == nil ? ended.removeValue(forKey: draft.name) : nil
        let isSame = ended?.storeRevision == revision
        let before = old?.generation ?? ended?.generation ?? 0
        let edit = isSame ? ended?.edit ?? declaration.edit : declaration.edit
        return Function(
            id: old?.id ?? Self.id(of: draft.name), draft: draft, generation: isSame ? before : before + 1,
            storeRevision: revision, age: old?.age ?? nextAge - 1, origin: origin(of: declaration, edit: edit),
            status: old?.status ?? FunctionStatus())
    }

    private func origin(of declaration: Declaration, edit: Function.Edit?) -> Function.Origin {
        let subfolder = declaration.location.lastIndex(of: "/").map { "\(folder)/\(declaration.location[..<$0])" }
        return Function.Origin(
            location: declaration.location, line: declaration.line, workingFolder: subfolder ?? folder,
            isWritable: declaration.isWritable, restartedAt: restarts[declaration.draft.name], lastEdit: edit)
    }

    /// Returns the version of a declaration. Equal contents have equal versions, regardless of the layout of the file.
    private static func revision(of draft: FunctionDraft) -> StoreRevision {
        var hash = StableHash()
        hash.add(ManifestWriter().yaml(draft))
        return StoreRevision(hash.shortText)
    }
}
