import F2SModel
import F2SSystem
import FoundationEssentials
import Glibc
import Logging
import Synchronization

/// The histories of functions on Local: in memory, and in a private file beside the manifests.
///
/// The file contains only functions whose manifests F2S has made and may rewrite. The other manifests belong to a user,
/// who keeps their history elsewhere, for example in Git. If the file cannot be read or written, the histories are in
/// memory only.
final class HistoryFile: DeclarationArchive {
    private struct State {
        var histories = HistoryCollection()
        /// The functions whose histories are in the file.
        var stored: Set<Function.ID> = []
        /// True if a change was not written yet.
        var isChanged = false
        /// The last error, which is not logged again.
        var message: String?
    }

    /// The last known facts about the newest declaration of a function, from before F2S ended.
    struct Newest: Sendable, Hashable {
        let generation: Int
        let storeRevision: StoreRevision
        let edit: Function.Edit?
    }

    /// The name of the file. Hidden files are not read as manifests.
    static let name = ".f2s-history.json"
    /// The maximum size of the file, in bytes. Escapes may make it larger than the manifests in it.
    private static let bytesMax = 4 * HistoryCollection.bytesMax
    /// The time between two writes of the file.
    private static let pause = Duration.seconds(1)
    /// The longest time that a write is waited for.
    private static let timeout = Duration.seconds(10)

    private let folder: String
    private let logger: Logger
    private let thread = WorkThread(name: "f2s-history")
    private let state = Mutex(State())
    private let changes = Signal()

    /// - Parameter folder: The absolute path of the folder of manifests.
    init(folder: String, logger: Logger) {
        self.folder = folder
        self.logger = logger
    }

    // MARK: The port

    func currentHistory(of id: Function.ID) -> FunctionHistory { state.withLock { $0.histories[id] } }

    func fetchHistory(of function: Function) async throws -> (history: FunctionHistory, edit: Function.Edit?) {
        (currentHistory(of: function.id), nil)
    }

    func keep(_ history: FunctionHistory, of function: Function) async {
        state.withLock { state in
            state.histories[function.id] = history
            let isStored = function.origin.isWritable
            guard isStored || state.stored.contains(function.id) else { return }
            if isStored { state.stored.insert(function.id) } else { state.stored.remove(function.id) }
            state.isChanged = true
        }
        changes.raise()
    }

    func forget(_ function: Function) {
        state.withLock { state in
            state.histories[function.id] = FunctionHistory()
            if state.stored.remove(function.id) != nil { state.isChanged = true }
        }
        changes.raise()
    }

    // MARK: The file

    /// Reads the file, which need not exist. It may block, so it must be called on a thread for file operations.
    /// - Returns: The newest known declaration of each function.
    func load() -> [FunctionName: Newest] {
        let bytes: [UInt8]
        do throws(SystemFailure) {
            let file = try ReadableFile("\(folder)/\(Self.name)", followsLinks: false)
            bytes = try file.read(bytesMax: Self.bytesMax + 1)
        } catch {
            if error.code != ENOENT { report("The history of functions cannot be read: \(error.text).") }
            return [:]
        }
        guard bytes.count <= Self.bytesMax,
            let all = try? JSONDecoder().decode([String: [DeclarationRecord]].self, from: Data(bytes))
        else {
            report("The history of functions is not as F2S writes it. It begins anew.")
            return [:]
        }
        return state.withLock { state in
            var newest: [FunctionName: Newest] = [:]
            for (text, records) in all.sorted(by: { $0.key < $1.key }) {
                let history = FunctionHistory(records)
                guard let name = try? FunctionName(text), let last = history.records.last else { continue }
                state.histories[Function.ID(text)] = history
                state.stored.insert(Function.ID(text))
                newest[name] = Newest(
                    generation: last.generation, storeRevision: StoreRevision(last.storeRevision),
                    edit: last.changedAt.map { Function.Edit(time: $0, user: last.changedBy) })
            }
            return newest
        }
    }

    /// Writes the changes until the task is cancelled, at most once per second, and at the end.
    func run() async {
        for await _ in changes.arrivals() {
            await write()
            // The sleep ends early only by cancellation, which ends the stream too.
            try? await Task.sleep(for: Self.pause)
        }
        // Safe: this task waits for it. The write must not end early because this task is cancelled.
        await Task { await self.write() }.value
    }

    private func write() async {
        guard state.withLock({ $0.isChanged }) else { return }
        do {
            try await thread.run(within: Self.timeout) { [self] in
                let histories = state.withLock { state -> [String: [DeclarationRecord]]? in
                    guard state.isChanged else { return nil }
                    state.isChanged = false
                    state.stored.formIntersection(state.histories.functions)
                    return Dictionary(
                        uniqueKeysWithValues: state.stored.map { ($0.text, state.histories[$0].records) })
                }
                if let histories { try write(histories) }
            }
        } catch let error as ManifestFile.Failure {
            report("The history of functions cannot be stored: \(error.message).")
        } catch {
            report("The history of functions cannot be stored: the file system of \(folder) does not answer.")
        }
    }

    private func write(_ histories: [String: [DeclarationRecord]]) throws {
        guard !histories.isEmpty else { return try ManifestFile.remove(folder: folder, name: Self.name) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try ManifestFile.write(
            Array(try encoder.encode(histories)), folder: folder, name: Self.name, replacing: true)
    }

    private func report(_ message: String) {
        let isNew = state.withLock { state in
            defer { state.message = message }
            return state.message != message
        }
        if isNew { logger.warning("\(message)", metadata: ["file": "\(folder)/\(Self.name)"]) }
    }
}
