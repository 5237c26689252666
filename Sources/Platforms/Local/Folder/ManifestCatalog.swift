import F2SManifest
import F2SModel

/// What all files together declare.
///
/// Pure: files come in as they were read, functions come out. Names are unique over all files; who had a name keeps it.
/// A file that breaks takes nothing away: its functions stay as they were until it can be read again. Only what is
/// declared in files that have changed is worked out anew.
struct ManifestCatalog {
    private struct Declaration {
        let place: String
        let line: Int
        let draft: FunctionDraft
        let isWritable: Bool

        static func isBefore(_ one: Declaration, _ other: Declaration) -> Bool {
            (one.place, one.line) < (other.place, other.line)
        }
    }

    /// Absolute path of the folder, for the working folders of functions.
    private let folder: String
    private var files: [String: ManifestFile] = [:]
    /// Declarations of each name, by place and line.
    private var declarations: [FunctionName: [Declaration]] = [:]
    /// Functions of files that cannot be read (completely) any more, as they were before, by file.
    private var kept: [String: Set<FunctionName>] = [:]
    /// The file that each of those functions was declared in.
    private var keepers: [FunctionName: String] = [:]
    /// Declarations of names that another one has, by name.
    private var losers: [FunctionName: [Refusal]] = [:]
    /// Files with complaints.
    private var broken: Set<String> = []
    /// Names to work out with the next ``settle()``.
    private var touched: Set<FunctionName> = []
    /// Every function and what was refused, as of the last ``settle()``.
    private(set) var snapshot = FunctionSnapshot()
    private var nextAge: UInt64 = 1
    /// The text of the last restart of a function that was asked for.
    private var restarts: [FunctionName: String] = [:]
    private var restartsCount = 0
    /// Complaints about the folder itself.
    var remarks: [Refusal] = []

    init(folder: String) { self.folder = folder }

    /// The files that are known, by path relative to the folder.
    private(set) var places: Set<String> = []

    /// Whether a file is known.
    func knows(_ place: String) -> Bool { files[place] != nil }

    /// The function of that name.
    func function(named name: FunctionName) -> Function? { snapshot.function(of: Self.id(of: name)) }

    private static func id(of name: FunctionName) -> Function.ID { Function.ID(name.text) }

    /// Functions that a file declares so far and would not declare any more, unless another file does.
    func names(lostBy file: ManifestFile, at place: String) -> Set<FunctionName> {
        guard let old = files[place], file.refusals.isEmpty else { return [] }
        return Set(old.documents.map(\.draft.name)).union(kept[place] ?? [])
            .subtracting(file.documents.map(\.draft.name))
            .filter { function(named: $0)?.origin.place == place }
    }

    /// Whether another file than the one at `place` declares a function.
    func isDeclared(_ name: FunctionName, besides place: String) -> Bool {
        declarations[name]?.contains { $0.place != place } ?? false
    }

    /// A file was read.
    mutating func take(_ file: ManifestFile, from place: String) {
        let before = retract(place)
        files[place] = file
        places.insert(place)
        if file.refusals.isEmpty {
            broken.remove(place)
        } else {
            // What the file has declared stays, whatever it says now.
            broken.insert(place)
            for name in before where function(named: name)?.origin.place == place { keep(name, of: place) }
        }
        for document in file.documents {
            let name = document.draft.name
            let declaration = Declaration(
                place: place, line: document.line, draft: document.draft, isWritable: file.isWritable)
            declarations[name] = ((declarations[name] ?? []) + [declaration]).sorted(by: Declaration.isBefore)
            touched.insert(name)
        }
    }

    /// A file is gone.
    mutating func drop(_ place: String) {
        retract(place)
        files[place] = nil
        places.remove(place)
        broken.remove(place)
    }

    /// Takes back what a file has declared, and what was kept for it.
    /// - Returns: the names of all of that.
    @discardableResult
    private mutating func retract(_ place: String) -> Set<FunctionName> {
        let unreadable = kept.removeValue(forKey: place) ?? []
        for name in unreadable { keepers[name] = nil }
        let names = Set(files[place]?.documents.map(\.draft.name) ?? []).union(unreadable)
        for name in names {
            let others = declarations[name]?.filter { $0.place != place } ?? []
            declarations[name] = others.isEmpty ? nil : others
        }
        touched.formUnion(names)
        return names
    }

    private mutating func keep(_ name: FunctionName, of place: String) {
        kept[place, default: []].insert(name)
        keepers[name] = place
    }

    /// Keeps what F2S has found out about a function; false when nothing is different.
    mutating func setStatus(_ status: FunctionStatus, of id: Function.ID) -> Bool { snapshot.setStatus(status, of: id) }

    /// Gives functions another revision with the next ``settle()``.
    /// - Parameter time: seconds since 1970.
    mutating func restart(_ names: some Sequence<FunctionName>, at time: Double) {
        restartsCount += 1
        // Two of them may fall into one millisecond.
        for name in names { restarts[name] = "\(TimeText.utc(secondsSince1970: time)) \(restartsCount)" }
        touched.formUnion(names)
    }

    /// Whether F2S may rewrite a file.
    func isWritable(_ place: String) -> Bool { files[place]?.isWritable ?? false }

    /// Works out what is declared now that all changed files were taken or dropped.
    mutating func settle() {
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
            let refused = rivals.filter { ($0.place, $0.line) != (winner.place, winner.line) }
            losers[name] = refused.isEmpty ? nil : refused.map { Self.refusal(of: $0, holder: winner) }
        }
        touched = []
        // The order of first sight is that of the files.
        let functions = winners.sorted(by: Declaration.isBefore).map { function(of: $0) }
        snapshot.update(functions, removing: removed, refusals: refusals)
    }

    /// Everything that is wrong: with the folder, with names that are declared twice, with files.
    private var refusals: [Refusal] {
        remarks + losers.values.joined().sorted { ($0.place, $0.line ?? 0) < ($1.place, $1.line ?? 0) }
            + broken.sorted().flatMap { complaints(about: $0) }
    }

    /// The declaration that has had the name so far, else the first.
    private func holder(of name: FunctionName, among rivals: [Declaration]) -> Declaration? {
        let place = function(named: name)?.origin.place
        return rivals.first { $0.place == place } ?? rivals.first
    }

    private static func refusal(of loser: Declaration, holder: Declaration) -> Refusal {
        Refusal(
            place: loser.place, line: loser.line,
            message: "metadata.name is \"\(loser.draft.name)\", which is declared in \(holder.place):\(holder.line) "
                + "already: it must be unique in all files, whatever the namespace")
    }

    /// The complaints about a file; the first one says which functions stay nevertheless.
    private func complaints(about place: String) -> [Refusal] {
        let names = (kept[place] ?? []).sorted().map(\.text).joined(separator: ", ")
        return (files[place]?.refusals ?? []).enumerated().map { index, refusal in
            let message =
                index == 0 && !names.isEmpty
                ? "\(refusal.message.sentence) Until it is corrected the last good version stays: \(names)"
                : refusal.message
            return Refusal(place: refusal.place, line: refusal.line, column: refusal.column, message: message)
        }
    }

    private mutating func function(of declaration: Declaration) -> Function {
        let draft = declaration.draft
        let old = function(named: draft.name)
        let subfolder = declaration.place.lastIndex(of: "/").map { "\(folder)/\(declaration.place[..<$0])" }
        let origin = Function.Origin(
            place: declaration.place, line: declaration.line, workingFolder: subfolder ?? folder,
            isWritable: declaration.isWritable, restartedAt: restarts[draft.name])
        if let old, old.draft == draft {
            guard old.origin != origin else { return old }
            return Function(
                id: old.id, draft: draft, generation: old.generation, storeRevision: old.storeRevision, age: old.age,
                origin: origin, status: old.status)
        }
        if old == nil { nextAge += 1 }
        return Function(
            id: old?.id ?? Self.id(of: draft.name), draft: draft, generation: (old?.generation ?? 0) + 1,
            storeRevision: Self.revision(of: draft), age: old?.age ?? nextAge - 1, origin: origin,
            status: old?.status ?? FunctionStatus())
    }

    /// The same content is the same version, whoever wrote it and however it is laid out.
    private static func revision(of draft: FunctionDraft) -> StoreRevision {
        var hash = StableHash()
        hash.add(ManifestWriter().yaml(draft))
        return StoreRevision(hash.shortText)
    }
}
