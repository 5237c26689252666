import FoundationEssentials
import Glibc

/// The text files of the repository that contains these tests.
struct Repository {
    /// All text files, sorted by path.
    let files: [SourceFile]
    /// All existing paths, including folders, to check links.
    let paths: Set<String>

    /// Creates a repository from texts by path, for the tests of the rules.
    /// - Parameter others: The paths of files that are no texts, such as pictures.
    init(_ texts: [String: String], others: Set<String> = []) {
        files = texts.map { SourceFile(path: $0.key, text: $0.value) }.sorted { $0.path < $1.path }
        var paths = others.union(texts.keys)
        for var path in paths {
            while let slash = path.lastIndex(of: "/") {
                path = String(path[..<slash])
                paths.insert(path)
            }
        }
        self.paths = paths
    }

    /// Reads the repository that contains `file`. It enters only the folders of the repository and ignores other
    /// folders that a user keeps beside them.
    static func onDisk(of file: String = #filePath) throws -> Repository {
        // The sources may be reached over a symbolic link. The folders above the link do not belong to the repository.
        guard let resolved = realpath(file, nil) else { throw CocoaError(.fileNoSuchFile) }
        defer { free(resolved) }
        let here = String(cString: resolved)
        let root = here.split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/" + $1 }
        var texts: [String: String] = [:]
        var others: Set<String> = []
        for entry in try FileManager.default.contentsOfDirectory(atPath: root) {
            if folders.contains(entry) {
                for path in try FileManager.default.subpathsOfDirectory(atPath: "\(root)/\(entry)") {
                    texts["\(entry)/\(path)"] = text(at: "\(root)/\(entry)/\(path)")
                    if path.hasSuffix(".png") { others.insert("\(entry)/\(path)") }
                }
            } else if !ignored.contains(where: entry.hasPrefix) {
                texts[entry] = text(at: "\(root)/\(entry)")
            }
        }
        return Repository(texts, others: others)
    }

    /// The repository on disk, read once for all tests.
    static let current = Result { try onDisk() }

    /// Returns the files below a folder.
    func files(under folder: String) -> [SourceFile] { files.filter { $0.path.hasPrefix(folder + "/") } }

    /// Returns the file at a path.
    func file(_ path: String) -> SourceFile? { files.first { $0.path == path } }

    private static let folders: Set<String> = [
        "Sources", "Tests", "Benchmarks", "Fuzz", "deploy", "docs", "examples", "runtimes", "scripts",
        ".ci",
    ]
    private static let ignored = [".build", ".git/", ".DS_Store", "Package.resolved"]

    /// Returns the text of a file, or `nil` for a folder or a file that is not UTF-8.
    private static func text(at path: String) -> String? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        return String(validating: data, as: UTF8.self)
    }
}
