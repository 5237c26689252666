import FoundationEssentials
import Glibc

/// A folder with mode 0700 for the Unix sockets behind the dispatcher (those of the API server, of the console and of
/// the internal server), and for the files of functions from source text.
struct RuntimeFolder {
    let path: String

    var socketPath: String { path + "/api.sock" }
    var consoleSocketPath: String { path + "/console.sock" }
    var internalSocketPath: String { path + "/internal.sock" }
    var sourcesPath: String { path + "/sources" }

    /// The longest path of the folder. The path of a Unix socket has a hard limit of 107 bytes, including the name of
    /// the socket.
    private static let bytesMax = 90
    /// The template of the folder's name. mkdtemp(3) requires six letters X at its end and replaces them to make the
    /// name unique.
    private static let nameTemplate = "f2s-" + String(repeating: "X", count: 6)

    /// Creates the folder in `$XDG_RUNTIME_DIR`, else in the temporary folder.
    init(environment: [String: String]) throws {
        var problems: [String] = []
        for parent in [environment["XDG_RUNTIME_DIR"], environment["TMPDIR"], "/tmp"].compactMap({ $0 })
        where !parent.isEmpty {
            // mkdtemp writes the name into this copy.
            var template = Array("\(parent)/\(Self.nameTemplate)".utf8CString)
            guard template.count <= Self.bytesMax else {
                problems.append("\(parent) is too long for a socket's path")
                continue
            }
            if mkdtemp(&template) != nil {
                path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
                return
            }
            problems.append("\(parent): \(String(cString: strerror(errno)))")
        }
        throw ServeError.noRuntimeFolder(problems.joined(separator: "; "))
    }

    func remove() {
        unlink(socketPath)
        unlink(consoleSocketPath)
        unlink(internalSocketPath)
        // It exists only if the end of F2S has interrupted the removal of a function's files.
        try? FileManager.default.removeItem(atPath: sourcesPath)
        rmdir(path)
    }
}
