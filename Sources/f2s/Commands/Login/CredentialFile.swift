import F2SClient
import F2SSystem
import FoundationEssentials
import Glibc

/// The tokens of the user, by server: `f2s/credentials.json` in the user's folder of settings, mode 0600.
struct CredentialFile {
    /// The content of the file.
    private struct Content: Codable {
        var servers: [String: SignInTokens] = [:]
    }

    let path: String
    private let folder: String

    /// The largest file, in bytes.
    private static let bytesMax = 1 << 20

    /// The file in `$XDG_CONFIG_HOME`, or else in `~/.config`.
    /// - Throws: ``CommandFailure`` if the environment names neither folder.
    init(environment: [String: String]) throws {
        let home = environment.variable("HOME").map { $0 + "/.config" }
        guard let settings = environment.variable("XDG_CONFIG_HOME") ?? home, settings.hasPrefix("/") else {
            throw CommandFailure("there is no folder for the credentials: set HOME")
        }
        folder = settings + "/f2s"
        path = folder + "/credentials.json"
    }

    /// Returns the tokens for a server; `nil` if there are none.
    /// - Throws: ``CommandFailure`` if the file cannot be read, or if others may read it.
    func tokens(for server: ServerAddress) throws -> SignInTokens? { try content().servers[server.text] }

    /// Changes the tokens for a server, while no other command changes the file.
    /// - Parameter change: Receives the stored tokens, and returns those to store; `nil` removes them.
    /// - Throws: ``CommandFailure``, and the errors of `change`, after which the file is as before.
    func update(
        _ server: ServerAddress, _ change: (SignInTokens?) async throws -> SignInTokens?
    ) async throws -> SignInTokens? {
        for part in [String(folder.dropLast("/f2s".count)), folder] where mkdir(part, 0o700) != 0 && errno != EEXIST {
            throw failure("create", errno)
        }
        // Two commands must not renew the same token, because most providers accept it once.
        let lock = open(folder + "/credentials.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else { throw failure("lock", errno) }
        defer { close(lock) }
        guard flock(lock, LOCK_EX) == 0 else { throw failure("lock", errno) }
        var content = try content()
        let tokens = try await change(content.servers[server.text])
        guard tokens != content.servers[server.text] else { return tokens }
        content.servers[server.text] = tokens
        try write(content)
        return tokens
    }

    private func content() throws -> Content {
        do {
            let file = try ReadableFile(path)
            guard let status = FileStatus(of: file.descriptor), status.permissions & 0o077 == 0 else {
                throw CommandFailure("others may read \(path): run `chmod 600 \(path)`")
            }
            let bytes = try file.read(bytesMax: Self.bytesMax)
            guard let content = try? JSONDecoder().decode(Content.self, from: Data(bytes)) else {
                throw CommandFailure("\(path) is malformed: remove it, and run `f2s login`")
            }
            return content
        } catch let error as SystemFailure {
            guard error.code != ENOENT else { return Content() }
            throw failure("read", error.code)
        }
    }

    private func write(_ content: Content) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let bytes = Array(try encoder.encode(content)) + [UInt8(ascii: "\n")]
        let new = path + ".\(getpid())"
        unlink(new)
        let file = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw failure("write", errno) }
        var rest = bytes[...]
        while !rest.isEmpty, let count = BlockingOutput.write(rest, to: file) { rest = rest.dropFirst(count) }
        let isWritten = rest.isEmpty && fsync(file) == 0
        let code = errno
        close(file)
        guard isWritten, rename(new, path) == 0 else {
            unlink(new)
            throw failure("write", isWritten ? errno : code)
        }
    }

    private func failure(_ verb: String, _ code: Int32) -> CommandFailure {
        CommandFailure("cannot \(verb) \(path): \(String(cString: strerror(code)))")
    }
}
