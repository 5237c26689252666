public import F2SModel
import F2SSystem
import FoundationEssentials
import Glibc
public import Logging
import Synchronization

/// The file in which F2S stores API tokens: a JSON object with the member `tokens`.
///
/// F2S writes it atomically with mode 0600, and refuses a file that other users may read or write. It reads the file
/// again when it changes, so a token that is removed by hand is refused within a second. While the file is broken, the
/// last good tokens stay valid.
public final class TokenFile: APITokenStore {
    /// The form of the file.
    private struct Content: Codable {
        var tokens: [APIToken]
    }

    /// A reading of the file.
    private struct Reading {
        var tokens: APITokenSet
        var stamp: Stamp?
    }

    /// The reason why the file cannot be used.
    private struct Failure: Error {
        let message: String
    }

    private struct Work: Sendable {
        /// The file that was read last.
        var path: String?
        /// The stamp of that file; `nil` if there was none.
        var stamp: Stamp?
        /// True if ``path`` and ``stamp`` are those of the tokens in force.
        var isRead = false
        /// The last warning, which is not logged again.
        var message: String?
    }

    /// The stored tokens; `nil` if they could not be read since the start.
    public let tokens = Latest<APITokenSet?>(nil)

    private let path: @Sendable () -> String?
    private let logger: Logger
    private let thread = WorkThread(name: "f2s-tokens")
    private let work = Mutex(Work())

    /// The time between two looks at the file.
    private static let pause = Duration.seconds(1)
    /// The longest time that a change waits for the file system.
    private static let timeout = Duration.seconds(10)
    private static let bytesMax = 8 << 20
    private static let advice =
        "No file is set for them. Set f2s.auth.token.store_file to the path of a file, which F2S creates, such as "
        + "/var/lib/f2s/tokens.json, or the variable F2S_AUTH_TOKEN_STORE_FILE."

    /// Creates a store and reads the file.
    /// - Parameter path: Returns the path of the file, which need not exist; `nil` if no file is configured. It is
    ///   called for each look, because settings change.
    public init(path: @escaping @Sendable () -> String?, logger: Logger) {
        self.path = path
        self.logger = logger
        lookIfChanged()
    }

    /// Looks at the file each second until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            lookIfChanged()
            // The sleep ends early only by cancellation, which the loop checks itself.
            try? await Task.sleep(for: Self.pause)
        }
    }

    /// Reads the file if it has changed. Does nothing while F2S itself writes it.
    func lookIfChanged() {
        _ = work.withLockIfAvailable { look(&$0) }
    }

    private func look(_ work: inout Work) {
        let path = self.path()
        guard path != work.path || !work.isRead || path.flatMap({ Stamp($0) }) != work.stamp else { return }
        do throws(Failure) {
            apply(try Self.read(path), of: path, &work)
        } catch {
            work.isRead = false
            guard error.message != work.message else { return }
            work.message = error.message
            logger.warning("The API tokens stay as they were.", metadata: ["error": "\(error.message)"])
        }
    }

    private func apply(_ reading: Reading, of path: String?, _ work: inout Work) {
        if work.message != nil { logger.info("The file of the API tokens can be read again.") }
        work = Work(path: path, stamp: reading.stamp, isRead: true)
        if tokens.current != reading.tokens { tokens.publish(reading.tokens) }
    }

    // MARK: Changes

    /// See ``APITokenStore/add(_:)``.
    public func add(_ token: APIToken) async throws(APITokenStoreError) {
        try await change { (tokens: inout APITokenSet) throws(APITokenStoreError) in try tokens.add(token) }
    }

    /// See ``APITokenStore/remove(id:)``.
    public func remove(id: String) async throws(APITokenStoreError) {
        try await change { (tokens: inout APITokenSet) throws(APITokenStoreError) in try tokens.remove(id: id) }
    }

    private func change(
        _ body: @escaping @Sendable (inout APITokenSet) throws(APITokenStoreError) -> Void
    ) async throws(APITokenStoreError) {
        do {
            try await thread.run(within: Self.timeout) { [self] in
                try work.withLock { work in try rewrite(&work, body) }
            }
        } catch let error as APITokenStoreError {
            throw error
        } catch let failure as Failure {
            throw .unavailable(failure.message)
        } catch {
            throw .unavailable(
                "The file system of the API tokens did not answer in time. The change may be made later: look at "
                    + "`f2s token list`.")
        }
    }

    private func rewrite(
        _ work: inout Work, _ body: (inout APITokenSet) throws(APITokenStoreError) -> Void
    ) throws {
        guard let path = self.path() else { throw APITokenStoreError.notConfigured(Self.advice) }
        guard let slash = path.lastIndex(of: "/") else { throw Failure(message: "\(path) is not the path of a file") }
        let folder = slash == path.startIndex ? "/" : String(path[..<slash])
        // Only the folder itself is created: a mistyped path must not make a tree.
        mkdir(folder, 0o700)
        let lock = try Self.lock(folder)
        // This ends the lock.
        defer { close(lock) }
        var reading = try Self.read(path)
        try body(&reading.tokens)
        do throws(ManifestFile.Failure) {
            try ManifestFile.write(
                try Self.text(of: reading.tokens), folder: folder, name: String(path[path.index(after: slash)...]),
                replacing: true)
        } catch {
            throw Failure(message: error.message)
        }
        reading.stamp = Stamp(path)
        apply(reading, of: path, &work)
    }

    /// Locks a folder against other processes of F2S, of which one could otherwise restore a token that another one
    /// has just removed.
    /// - Returns: A descriptor; the lock ends when it is closed.
    private static func lock(_ folder: String) throws(Failure) -> Int32 {
        let handle = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK)
        guard handle >= 0 else { throw Failure(message: "\(folder): \(String(cString: strerror(errno)))") }
        guard flock(handle, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(handle)
            throw Failure(
                message: code == EWOULDBLOCK
                    ? "Another process is changing the API tokens in \(folder)."
                    : "\(folder) cannot be locked: \(String(cString: strerror(code))).")
        }
        return handle
    }

    /// Returns the text of the file. It is written for people too, who may remove tokens.
    private static func text(of tokens: APITokenSet) throws(ManifestFile.Failure) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(Content(tokens: tokens.sorted)) else {
            throw ManifestFile.Failure("cannot encode", "the API tokens", code: EINVAL)
        }
        return Array(data) + Array("\n".utf8)
    }
}

// MARK: - Reading

extension TokenFile {
    /// The metadata by which two versions of a file differ, without reading it.
    fileprivate struct Stamp: Sendable, Hashable {
        private let numbers: [Int]

        /// Creates the stamp of a file; `nil` if there is none.
        init?(_ path: String) {
            var status = stat()
            guard lstat(path, &status) == 0 else { return nil }
            self.init(status)
        }

        init(_ status: stat) {
            numbers = [
                Int(bitPattern: UInt(status.st_dev)), Int(bitPattern: UInt(status.st_ino)), Int(status.st_mode),
                Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
                status.st_ctim.tv_nsec,
            ]
        }
    }

    /// Reads the tokens of a file. A file that does not exist has none.
    private static func read(_ path: String?) throws(Failure) -> Reading {
        guard let path else { return Reading(tokens: APITokenSet(), stamp: nil) }
        let file: ReadableFile
        do throws(SystemFailure) {
            file = try ReadableFile(path, followsLinks: false)
        } catch {
            if error.code == ENOENT { return Reading(tokens: APITokenSet(), stamp: nil) }
            throw Failure(
                message: error.code == ELOOP
                    ? "\(path) is a symbolic link: f2s.auth.token.store_file must name the file itself."
                    : "\(path) cannot be read: \(error.text).")
        }
        var status = stat()
        guard fstat(file.descriptor, &status) == 0 else {
            throw Failure(message: "\(path) cannot be read: \(String(cString: strerror(errno))).")
        }
        try check(status, path)
        let bytes: [UInt8]
        do throws(SystemFailure) {
            bytes = try file.read(bytesMax: bytesMax + 1)
        } catch {
            throw Failure(message: "\(path) cannot be read: \(error.text).")
        }
        guard bytes.count <= bytesMax else { throw Failure(message: "\(path) has over \(bytesMax) bytes.") }
        return Reading(tokens: try tokens(in: bytes, path), stamp: Stamp(status))
    }

    /// Refuses a file that another user may have written or read.
    private static func check(_ status: stat, _ path: String) throws(Failure) {
        guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(message: "\(path) is not a file.") }
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            throw Failure(message: "\(path) belongs to another user: it must belong to the user that runs F2S.")
        }
        let mode = status.st_mode & 0o777
        guard mode & 0o077 == 0 else {
            throw Failure(
                message: "\(path) has mode \(String(mode, radix: 8)), so other users may read or write it: run "
                    + "chmod 600 \(path), and revoke the tokens if another user may have changed it.")
        }
    }

    private static func tokens(in bytes: [UInt8], _ path: String) throws(Failure) -> APITokenSet {
        do {
            return APITokenSet(try JSONDecoder().decode(Content.self, from: Data(bytes)).tokens)
        } catch let DecodingError.dataCorrupted(context) {
            throw Failure(message: "\(path) is broken: \(context.debugDescription).")
        } catch {
            throw Failure(message: "\(path) is broken: it must be a JSON object as F2S writes it.")
        }
    }
}
