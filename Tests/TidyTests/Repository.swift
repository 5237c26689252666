import FoundationEssentials
import Glibc

/// The repository that these tests are part of: every text file that we have written.
struct Repository {
    /// All text files, sorted by path.
    let files: [SourceFile]
    /// Every path that exists, folders included, so that links can be checked.
    let paths: Set<String>

    /// A made-up repository, for the rules' own tests.
    init(_ texts: [String: String]) {
        files = texts.map { SourceFile(path: $0.key, text: $0.value) }.sorted { $0.path < $1.path }
        var paths = Set(texts.keys)
        for var path in texts.keys {
            while let slash = path.lastIndex(of: "/") {
                path = String(path[..<slash])
                paths.insert(path)
            }
        }
        self.paths = paths
    }

    /// What lies on disk around this file. Only folders that the repository is made of are entered: whatever else a
    /// user keeps beside them is theirs.
    static func onDisk(of file: String = #filePath) throws -> Repository {
        // Sources may be reached over a symbolic link, where the folders above are somebody else's.
        guard let resolved = realpath(file, nil) else { throw CocoaError(.fileNoSuchFile) }
        defer { free(resolved) }
        let here = String(cString: resolved)
        let root = here.split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/" + $1 }
        var texts: [String: String] = [:]
        for entry in try FileManager.default.contentsOfDirectory(atPath: root) {
            if folders.contains(entry) {
                for path in try FileManager.default.subpathsOfDirectory(atPath: "\(root)/\(entry)") {
                    texts["\(entry)/\(path)"] = text(at: "\(root)/\(entry)/\(path)")
                }
            } else if !ignored.contains(where: entry.hasPrefix) {
                texts[entry] = text(at: "\(root)/\(entry)")
            }
        }
        return Repository(texts)
    }

    /// The repository on disk, read once for all tests.
    static let current = Result { try onDisk() }

    /// Files under one folder.
    func files(under folder: String) -> [SourceFile] { files.filter { $0.path.hasPrefix(folder + "/") } }

    /// One file.
    func file(_ path: String) -> SourceFile? { files.first { $0.path == path } }

    private static let folders: Set<String> = [
        "Sources", "Tests", "Benchmarks", "Fuzz", "deploy", "docs", "examples", "scripts", ".ci",
    ]
    private static let ignored = [".build", ".git/", ".DS_Store", "Package.resolved"]

    /// `nil` for folders and for what is no text.
    private static func text(at path: String) -> String? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        return String(validating: data, as: UTF8.self)
    }
}
