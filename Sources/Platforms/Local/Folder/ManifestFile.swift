import F2SManifest
import F2SModel
import Glibc

/// One file of manifests: reading it, and writing those that are F2S's own.
struct ManifestFile: Sendable {
    /// Why a file could not be read or written.
    struct Failure: Error, Sendable, Hashable {
        let message: String
        /// From errno(3).
        let code: Int32

        init(_ operation: String, _ path: String) {
            code = errno
            message = "\(operation) \(path): \(String(cString: strerror(code)))"
        }
    }

    /// First line of a file that F2S has made and may rewrite. A file without it is somebody else's.
    static let marker = "# Made by F2S: change it with `f2s apply`. Without this line F2S will never rewrite the file."

    let documents: [ManifestDocument]
    let refusals: [Refusal]
    /// Whether F2S may rewrite it: it has made it, and it still holds one document.
    let isWritable: Bool

    /// Reads a text; `place` is its path relative to the folder.
    init(text: [UInt8], place: String, reader: ManifestReader) {
        let contents = reader.read(text, place: place)
        documents = contents.documents
        refusals = contents.refusals
        isWritable = text.starts(with: Self.marker.utf8) && documents.count + refusals.count <= 1
    }

    /// A file that cannot be read.
    init(unreadable message: String, place: String) {
        documents = []
        refusals = [Refusal(place: place, message: message)]
        isWritable = false
    }

    /// The text of a file of F2S's own.
    static func text(of draft: FunctionDraft) -> [UInt8] {
        Array("\(marker)\n\(ManifestWriter().yaml(draft))".utf8)
    }

    /// Reads at most `bytesMax` bytes and one more, by which a reader notices that there are too many.
    static func read(_ path: String, bytesMax: Int) throws(Failure) -> [UInt8] {
        // Without O_NONBLOCK, a pipe that has taken the place of a file would hold us up.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw Failure("cannot open", path) }
        defer { close(file) }
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 * 1024)
        while text.count <= bytesMax {
            let count = Glibc.read(file, &piece, min(piece.count, bytesMax + 1 - text.count))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Failure("cannot read", path) }
            if count == 0 { break }
            text += piece[..<count]
        }
        return text
    }

    /// Writes a file whole or not at all, and durably.
    /// - Parameter replacing: whether a file that is there already may be replaced; if not, that is a failure with
    ///   EEXIST.
    static func write(_ text: [UInt8], folder: String, name: String, replacing: Bool) throws(Failure) {
        let path = "\(folder)/\(name)"
        // Hidden, so that nobody reads it as a manifest; always the same, so that a crash leaves no growing heap.
        let draft = "\(folder)/.\(name).f2s-draft"
        let file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw Failure("cannot create", draft) }
        defer { unlink(draft) }
        do {
            defer { close(file) }
            guard fchmod(file, 0o644) == 0 else { throw Failure("cannot set permissions of", draft) }
            var rest = text[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw Failure("cannot write", draft) }
                rest = rest.dropFirst(count)
            }
            guard fsync(file) == 0 else { throw Failure("cannot write", draft) }
        }
        // A link never replaces anything, a rename always does.
        guard (replacing ? rename(draft, path) : link(draft, path)) == 0 else { throw Failure("cannot create", path) }
        try sync(folder)
    }

    /// Removes a file durably; one that is gone already is removed.
    static func remove(folder: String, name: String) throws(Failure) {
        let path = "\(folder)/\(name)"
        guard unlink(path) == 0 || errno == ENOENT else { throw Failure("cannot delete", path) }
        try sync(folder)
    }

    /// Makes a folder and those above it.
    static func makeFolder(_ path: String) throws(Failure) {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += "\(part)/"
            guard mkdir(made, 0o755) == 0 || errno == EEXIST || errno == EISDIR else {
                throw Failure("cannot create folder", made)
            }
        }
    }

    /// A name in a folder is only durable once the folder is.
    private static func sync(_ folder: String) throws(Failure) {
        let handle = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard handle >= 0 else { throw Failure("cannot open folder", folder) }
        defer { close(handle) }
        // Some file systems cannot, and then it is not needed.
        guard fsync(handle) == 0 || errno == EINVAL else { throw Failure("cannot write folder", folder) }
    }
}
