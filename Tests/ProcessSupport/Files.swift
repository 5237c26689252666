import Glibc

/// Reads and writes small files as a whole, and lists and creates folders.
package enum Files {
    package struct Failure: Error, CustomStringConvertible {
        let path: String
        let code: Int32
        package var description: String { "\(path): \(String(cString: strerror(code)))" }
    }

    package static func read(_ path: String) throws -> String { String(decoding: try bytes(of: path), as: UTF8.self) }

    package static func bytes(of path: String) throws -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw Failure(path: path, code: errno) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(file, &part, part.count)
            guard count >= 0 else { throw Failure(path: path, code: errno) }
            if count == 0 { return bytes }
            bytes += part[..<count]
        }
    }

    package static func write(_ text: String, to path: String) throws { try write(Array(text.utf8), to: path) }

    package static func write(_ bytes: [UInt8], to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Failure(path: path, code: errno) }
        defer { close(file) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else { throw Failure(path: path, code: errno) }
            rest = rest.dropFirst(count)
        }
    }

    package static func rename(_ path: String, to other: String) throws {
        guard Glibc.rename(path, other) == 0 else { throw Failure(path: path, code: errno) }
    }

    /// Replaces a file atomically, as an editor does, so that no reader sees a partial file.
    package static func replace(_ path: String, with text: String) throws {
        try write(text, to: path + ".new")
        guard Glibc.rename(path + ".new", path) == 0 else { throw Failure(path: path, code: errno) }
    }

    package static func makeFolder(_ path: String) throws {
        guard mkdir(path, 0o700) == 0 else { throw Failure(path: path, code: errno) }
    }

    /// Returns the names in a folder, without `.` and `..`, or an empty array if the folder does not exist.
    package static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}

/// A new folder below the machine's temporary folder.
package struct TemporaryFolder {
    package let path: String

    package init() throws {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var pattern = Array("\(parent)/f2s-test-XXXXXX".utf8CString)
        guard mkdtemp(&pattern) != nil else { throw Files.Failure(path: parent, code: errno) }
        path = String(decoding: pattern.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Removes the folder and its contents.
    package func remove() { Self.remove(path) }

    private static func remove(_ path: String) {
        // `unlink` removes a symbolic link itself, not its target.
        if Glibc.unlink(path) == 0 { return }
        for name in Files.names(in: path) { remove("\(path)/\(name)") }
        rmdir(path)
    }
}
