import CRuntimes
import F2SModel
import F2SSystem
import FoundationEssentials
import Glibc
import Synchronization

/// The private folders with the files of functions from source text (`target.source`).
///
/// The folder of a revision exists while a replica of it runs. All operations block on the file system.
final class SourceFolders: Sendable {
    private let root: String
    /// The number of replicas that use a folder, by its path.
    private let users = Mutex<[String: Int]>([:])

    /// The permissions of the folders.
    private static let mode: mode_t = 0o700

    /// - Parameter root: The folder of the folders. It is created with the first one, and removed with the last one.
    init(root: String) { self.root = root }

    /// Returns the folder of a revision for one more replica, and writes its files if it is the first replica.
    /// - Throws: ``SystemFailure`` if a file cannot be written.
    func add(_ source: SourceCode, of name: FunctionName, _ revision: Revision) throws(SystemFailure) -> String {
        let folder = "\(root)/\(name)-\(revision)"
        try users.withLock { users throws(SystemFailure) in
            if users[folder] == nil { try Self.write(source, to: folder, below: root) }
            users[folder, default: 0] += 1
        }
        return folder
    }

    /// Removes the folder after its last replica has ended, with everything that replicas have written into it.
    func remove(_ folder: String) {
        users.withLock { users in
            guard let count = users[folder] else { return }
            users[folder] = count > 1 ? count - 1 : nil
            guard count == 1 else { return }
            try? FileManager.default.removeItem(atPath: folder)
            // It fails while other functions have folders.
            rmdir(root)
        }
    }

    private static func write(_ source: SourceCode, to folder: String, below root: String) throws(SystemFailure) {
        // A folder that could not be removed before.
        try? FileManager.default.removeItem(atPath: folder)
        do throws(SystemFailure) {
            try makeFolder(root)
            try makeFolder(folder)
            for (path, text) in source.files { try write(Array(text.utf8), to: path, in: folder) }
            if let path = source.programPath { try write(program(of: source), to: path, in: folder) }
        } catch {
            try? FileManager.default.removeItem(atPath: folder)
            throw error
        }
    }

    /// Returns the text of the program that serves the handler.
    private static func program(of source: SourceCode) -> [UInt8] {
        var count = 0
        guard let name = source.embeddedProgram, let text = f2s_runtime(name, &count) else { return [] }
        return UnsafeRawBufferPointer(start: text, count: count).map(\.self)
    }

    private static func write(_ text: [UInt8], to path: String, in folder: String) throws(SystemFailure) {
        var parent = folder
        for part in path.split(separator: "/").dropLast() {
            parent += "/\(part)"
            try makeFolder(parent)
        }
        let file = open("\(folder)/\(path)", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw SystemFailure(code: errno) }
        defer { close(file) }
        var rest = text[...]
        while !rest.isEmpty {
            guard let count = BlockingOutput.write(rest, to: file) else { throw SystemFailure(code: errno) }
            rest = rest.dropFirst(count)
        }
    }

    private static func makeFolder(_ path: String) throws(SystemFailure) {
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw SystemFailure(code: errno) }
    }
}
