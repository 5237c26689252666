import F2SManifest
import F2SModel
import F2SSystem
import Glibc

/// One file of manifests. F2S reads all of them, and writes only those that it has made.
struct ManifestFile: Sendable {
    /// The error of a file that could not be read or written.
    struct Failure: Error, Sendable, Hashable {
        let message: String
        /// The error number, from errno(3).
        let code: Int32

        init(_ operation: String, _ path: String, code: Int32 = errno) {
            self.code = code
            message = "\(operation) \(path): \(String(cString: strerror(code)))"
        }
    }

    /// The first line of a file that F2S has made and may rewrite. F2S does not own files without this line.
    static let marker = "# Made by F2S: change it with `f2s apply`. Without this line F2S will never rewrite the file."

    let documents: [ManifestDocument]
    let rejections: [Rejection]
    /// True if F2S may rewrite the file: F2S has made it, and it holds at most one document.
    let isWritable: Bool

    /// True if the text neither declares a function nor tries to: the file belongs to another program.
    var isForeign: Bool { documents.isEmpty && rejections.isEmpty }

    /// Parses the text of the file at `location`, a path relative to the folder.
    /// - Parameter wasDeclaring: True if the file has declared functions before. Such a file is parsed even if it no
    ///   longer resembles a manifest: it may be invalid or half written.
    init(text: [UInt8], location: String, reader: ManifestReader, wasDeclaring: Bool = true) {
        guard wasDeclaring || ManifestReader.mayDeclareFunctions(text) else {
            documents = []
            rejections = []
            isWritable = false
            return
        }
        let contents = reader.read(text, location: location, skippingForeign: true)
        documents = contents.documents
        rejections = contents.rejections
        isWritable = text.starts(with: Self.marker.utf8) && documents.count + rejections.count <= 1
    }

    /// Creates the value of a file that cannot be read.
    init(unreadable message: String, location: String) {
        documents = []
        rejections = [Rejection(location: location, message: message)]
        isWritable = false
    }

    /// Returns the text of a file that F2S makes.
    static func text(of draft: FunctionDraft) -> [UInt8] {
        Array("\(marker)\n\(ManifestWriter().yaml(draft))".utf8)
    }

    /// Reads at most `bytesMax` + 1 bytes. The additional byte shows the caller that the file is too large.
    /// - Parameter inode: The inode of the expected file; `nil` to read any file.
    /// - Throws: ``Failure``; with ESTALE if another file has replaced the expected one.
    static func read(_ path: String, bytesMax: Int, inode: UInt64? = nil) throws(Failure) -> [UInt8] {
        let file: ReadableFile
        do throws(SystemFailure) {
            file = try ReadableFile(path)
        } catch {
            throw Failure("cannot open", path, code: error.code)
        }
        if let inode {
            var status = stat()
            guard fstat(file.descriptor, &status) == 0 else { throw Failure("cannot read", path) }
            guard status.st_mode & S_IFMT == S_IFREG, UInt64(status.st_ino) == inode else {
                throw Failure("cannot read", path, code: ESTALE)
            }
        }
        do throws(SystemFailure) {
            return try file.read(bytesMax: bytesMax + 1)
        } catch {
            throw Failure("cannot read", path, code: error.code)
        }
    }

    /// The permissions of a file that F2S creates. They are strict because `env` may hold passwords.
    private static let modeOfNew: mode_t = 0o600

    /// Writes a file atomically and durably. A file that replaces another one gets its permissions.
    /// - Parameters:
    ///   - replacing: True if an existing file may be replaced. If false, an existing file is a failure with EEXIST.
    ///   - suffix: The end of the draft's name, which other programs must not be able to predict.
    static func write(
        _ text: [UInt8], folder: String, name: String, replacing: Bool,
        suffix: String = String(UInt64.random(in: .min ... .max), radix: 36)
    ) throws(Failure) {
        let path = "\(folder)/\(name)"
        // The draft is hidden, so that it is not read as a manifest.
        let prefix = ".\(name).f2s-draft"
        removeDrafts(prefix, in: folder)
        let draft = "\(folder)/\(prefix)-\(suffix)"
        // F2S must not write to an existing file of the draft's name, above all not through a link to another file.
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
        // link(2) never replaces an existing file; rename(2) always does.
        guard (replacing ? rename(draft, path) : link(draft, path)) == 0 else { throw Failure("cannot create", path) }
        try sync(folder)
    }

    private static func mode(of path: String) -> mode_t {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return modeOfNew }
        return status.st_mode & 0o777
    }

    /// Removes drafts of the same file that a crash has left behind.
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

    /// Removes a file durably. A file that does not exist is no error.
    static func remove(folder: String, name: String) throws(Failure) {
        let path = "\(folder)/\(name)"
        guard unlink(path) == 0 || errno == ENOENT else { throw Failure("cannot delete", path) }
        try sync(folder)
    }

    /// Creates a folder and its missing parents.
    static func makeFolder(_ path: String) throws(Failure) {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += "\(part)/"
            guard mkdir(made, 0o755) == 0 || errno == EEXIST || errno == EISDIR else {
                throw Failure("cannot create folder", made)
            }
        }
    }

    /// Flushes a folder to disk. A name in a folder is durable only once the folder is.
    private static func sync(_ folder: String) throws(Failure) {
        let handle = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK)
        guard handle >= 0 else { throw Failure("cannot open folder", folder) }
        defer { close(handle) }
        // File systems that report EINVAL do not support this and do not need it.
        guard fsync(handle) == 0 || errno == EINVAL else { throw Failure("cannot write folder", folder) }
    }
}
