import Glibc

/// A folder that only we can enter, for the Unix sockets between the dispatcher and the API server.
struct RuntimeFolder {
    let path: String

    var socketPath: String { path + "/api.sock" }
    var internalSocketPath: String { path + "/internal.sock" }

    /// A Unix socket's path has a hard limit of 107 bytes; this leaves room for the socket's name.
    private static let bytesMax = 90
    /// Template of the folder's name. mkdtemp(3) requires six letters X at its end and replaces them by letters that
    /// make the name unique.
    private static let nameTemplate = "f2s-" + String(repeating: "X", count: 6)

    /// Makes the folder under `$XDG_RUNTIME_DIR`, else under the temporary folder, with mode 0700.
    init(environment: [String: String]) throws {
        var problems: [String] = []
        for parent in [environment["XDG_RUNTIME_DIR"], environment["TMPDIR"], "/tmp"].compactMap({ $0 })
        where !parent.isEmpty {
            // A copy, because mkdtemp writes the name into it.
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
        unlink(internalSocketPath)
        rmdir(path)
    }
}
