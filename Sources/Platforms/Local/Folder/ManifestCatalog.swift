import F2SManifest
import F2SModel

/// What all files together declare.
///
/// Pure: files come in as they were read, functions come out. Names are unique over all files; who had a name keeps it.
/// A file that breaks takes nothing away: its functions stay as they were until it can be read again.
struct ManifestCatalog {
    private struct Declaration {
        let place: String
        let line: Int
        let draft: FunctionDraft
        let isWritable: Bool
    }

    /// Absolute path of the folder, for the working folders of functions.
    private let folder: String
    private var files: [String: ManifestFile] = [:]
    /// Every function and what was refused, as of the last ``settle()``.
    private(set) var snapshot = FunctionSnapshot()
    /// Where a function stands in the snapshot.
    private var positions: [FunctionName: Int] = [:]
    private var nextAge: UInt64 = 1
    /// The text of the last restart of a function that was asked for.
    private var restarts: [FunctionName: String] = [:]
    private var restartsCount = 0
    /// Complaints about the folder itself.
    var remarks: [Refusal] = []

    init(folder: String) { self.folder = folder }

    /// The files that are known, by path relative to the folder.
    var places: Set<String> { Set(files.keys) }

    /// Whether a file is known.
    func knows(_ place: String) -> Bool { files[place] != nil }

    /// The function of that name.
    func function(named name: FunctionName) -> Function? { positions[name].map { snapshot.functions[$0] } }

    /// Functions that a file declares so far and would not declare any more, unless another file does.
    func names(lostBy file: ManifestFile, at place: String) -> Set<FunctionName> {
        guard let old = files[place], file.refusals.isEmpty else { return [] }
        let declared = Set(file.documents.map(\.draft.name))
        var lost = Set(old.documents.map(\.draft.name)).subtracting(declared)
        if !old.refusals.isEmpty {
            lost.formUnion(snapshot.functions.filter { $0.origin.place == place }.map(\.name))
            lost.subtract(declared)
        }
        return lost.filter { function(named: $0)?.origin.place == place }
    }

    /// Whether another file than the one at `place` declares a function.
    func isDeclared(_ name: FunctionName, besides place: String) -> Bool {
        files.contains { $0.key != place && $0.value.documents.contains { $0.draft.name == name } }
    }

    /// A file was read.
    mutating func take(_ file: ManifestFile, from place: String) { files[place] = file }

    /// A file is gone.
    mutating func drop(_ place: String) { files[place] = nil }

    /// Keeps what F2S has found out about a function; false when nothing is different.
    mutating func setStatus(_ status: FunctionStatus, of id: Function.ID) -> Bool {
        snapshot.setStatus(status, of: id)
    }

    /// Gives functions another revision with the next ``settle()``.
    /// - Parameter time: seconds since 1970.
    mutating func restart(_ names: some Sequence<FunctionName>, at time: Double) {
        restartsCount += 1
        // Two of them may fall into one millisecond.
        for name in names { restarts[name] = "\(TimeText.utc(secondsSince1970: time)) \(restartsCount)" }
    }

    /// Whether F2S may rewrite a file.
    func isWritable(_ place: String) -> Bool { files[place]?.isWritable ?? false }

    /// Works out what is declared now that all changed files were taken or dropped.
    mutating func settle() {
        var refusals = remarks
        var winners: [Declaration] = []
        var declared: Set<FunctionName> = []
        let declarations = declarations()
        let candidates = Dictionary(grouping: declarations, by: \.draft.name)
        for declaration in declarations {
            guard let rivals = candidates[declaration.draft.name] else { continue }
            let holder = holder(of: declaration.draft.name, among: rivals)
            if holder.place == declaration.place, holder.line == declaration.line {
                winners.append(declaration)
                declared.insert(declaration.draft.name)
            } else {
                refusals.append(Self.refusal(of: declaration, holder: holder))
            }
        }
        let kept = keptOverBrokenFiles(besides: declared, &refusals)
        snapshot = FunctionSnapshot(functions: kept + winners.map { function(of: $0) }, refusals: refusals)
        if !restarts.isEmpty {
            let stored = Set(snapshot.functions.map(\.name))
            restarts = restarts.filter { stored.contains($0.key) }
        }
        positions = [:]
        positions.reserveCapacity(snapshot.functions.count)
        for (position, function) in snapshot.functions.enumerated() { positions[function.name] = position }
    }

    /// All documents of all files, in the order of file names.
    private func declarations() -> [Declaration] {
        files.sorted { $0.key < $1.key }.flatMap { place, file in
            file.documents.map {
                Declaration(place: place, line: $0.line, draft: $0.draft, isWritable: file.isWritable)
            }
        }
    }

    /// Who has had the name so far, else the first.
    private func holder(of name: FunctionName, among rivals: [Declaration]) -> Declaration {
        let place = function(named: name)?.origin.place
        return rivals.first { $0.place == place } ?? rivals[0]
    }

    private static func refusal(of loser: Declaration, holder: Declaration) -> Refusal {
        Refusal(
            place: loser.place, line: loser.line,
            message: "metadata.name is \"\(loser.draft.name)\", which is declared in \(holder.place):\(holder.line) "
                + "already: it must be unique in all files, whatever the namespace")
    }

    /// Functions of files that cannot be read (completely) any more; adds to the complaints that they stay.
    private func keptOverBrokenFiles(
        besides declared: Set<FunctionName>, _ refusals: inout [Refusal]
    ) -> [Function] {
        var kept: [Function] = []
        let broken = files.filter { !$0.value.refusals.isEmpty }
        for (place, file) in broken.sorted(by: { $0.key < $1.key }) {
            let stay = snapshot.functions.filter { $0.origin.place == place && !declared.contains($0.name) }
            kept += stay
            let names = stay.map(\.name).sorted().map(\.text).joined(separator: ", ")
            for (index, refusal) in file.refusals.enumerated() {
                let message =
                    index == 0 && !stay.isEmpty
                    ? "\(refusal.message.sentence) Until it is corrected the last good version stays: \(names)"
                    : refusal.message
                refusals.append(
                    Refusal(
                        place: refusal.place, line: refusal.line, column: refusal.column, message: message))
            }
        }
        return kept
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
            id: old?.id ?? Function.ID(draft.name.text), draft: draft, generation: (old?.generation ?? 0) + 1,
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
