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

    /// Whether the text declares nothing and does not try to: another program's file.
    var isForeign: Bool { documents.isEmpty && refusals.isEmpty }

    /// Reads a text; `place` is its path relative to the folder.
    /// - Parameter wasDeclaring: whether the file has declared functions before. Such a file is parsed even if it no
    ///   longer looks like a manifest: it may be broken, or half written.
    init(text: [UInt8], place: String, reader: ManifestReader, wasDeclaring: Bool = true) {
        guard wasDeclaring || ManifestReader.mayDeclareFunctions(text) else {
            documents = []
            refusals = []
            isWritable = false
            return
        }
        let contents = reader.read(text, place: place, skippingForeign: true)
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
    /// - Parameter inode: the file that is expected at the path, if it matters.
    /// - Throws: ``Failure``; with ESTALE when another file has taken the place of the one that is expected.
    static func read(_ path: String, bytesMax: Int, inode: UInt64? = nil) throws(Failure) -> [UInt8] {
        // Without O_NONBLOCK, a pipe that has taken the place of a file would hold us up.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard file >= 0 else { throw Failure("cannot open", path) }
        defer { close(file) }
        if let inode {
            var status = stat()
            guard fstat(file, &status) == 0 else { throw Failure("cannot read", path) }
            guard status.st_mode & S_IFMT == S_IFREG, UInt64(status.st_ino) == inode else {
                errno = ESTALE
                throw Failure("cannot read", path)
            }
        }
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

    /// Permissions of a file that F2S creates: `env` may hold passwords.
    private static let modeOfNew: mode_t = 0o600

    /// Writes a file whole or not at all, and durably. A file that is replaced passes its permissions on.
    /// - Parameters:
    ///   - replacing: whether a file that is there already may be replaced; if not, that is a failure with EEXIST.
    ///   - suffix: makes the name of the draft one that nobody can know beforehand.
    static func write(
        _ text: [UInt8], folder: String, name: String, replacing: Bool,
        suffix: String = String(UInt64.random(in: .min ... .max), radix: 36)
    ) throws(Failure) {
        let path = "\(folder)/\(name)"
        // Hidden, so that nobody reads it as a manifest.
        let prefix = ".\(name).f2s-draft"
        removeDrafts(prefix, in: folder)
        let draft = "\(folder)/\(prefix)-\(suffix)"
        // Whatever stands at the name of the draft, a link to another file above all, must not be written to.
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, modeOfNew)
        guard file >= 0 else { throw Failure("cannot create", draft) }
        defer { unlink(draft) }
        do {
            defer { close(file) }
            guard fchmod(file, replacing ? mode(of: path) : modeOfNew) == 0 else {
                throw Failure("cannot set permissions of", draft)
            }
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

    private static func mode(of path: String) -> mode_t {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return modeOfNew }
        return status.st_mode & 0o777
    }

    /// Removes what a crash has left of earlier drafts of the same file.
    private static func removeDrafts(_ prefix: String, in folder: String) {
        guard let stream = opendir(folder) else { return }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name == prefix || name.hasPrefix(prefix + "-") { unlink("\(folder)/\(name)") }
        }
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
        let handle = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK)
        guard handle >= 0 else { throw Failure("cannot open folder", folder) }
        defer { close(handle) }
        // Some file systems cannot, and then it is not needed.
        guard fsync(handle) == 0 || errno == EINVAL else { throw Failure("cannot write folder", folder) }
    }
}
