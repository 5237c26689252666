import Glibc

/// The rules of one `.f2signore` file. They exclude files and folders below the file's folder from reading.
///
/// The syntax is that of `.gitignore`: one pattern per line; `#` begins a comment; `!` re-includes a match; a slash at
/// the end matches folders only; a slash elsewhere ties the pattern to the file's folder; `**` matches any number of
/// folders.
struct IgnoreRules: Sendable, Hashable {
    private struct Pattern: Sendable, Hashable {
        let segments: [String]
        let isForFoldersOnly: Bool
        let takesBack: Bool
    }

    /// The name of the file.
    static let fileName = ".f2signore"
    /// The maximum number of bytes of the file that are read.
    static let bytesMax = 64 * 1024
    private static let patternsMax = 1000

    /// The folder of the file, relative to the folder of manifests.
    let base: String
    private let patterns: [Pattern]

    /// Parses the text of a file in folder `base`.
    init(_ text: String, base: String) {
        self.base = base
        let lines = text.split(whereSeparator: \.isNewline).prefix(Self.patternsMax)
        patterns = lines.compactMap { Self.pattern(in: $0) }
    }

    private static func pattern(in line: Substring) -> Pattern? {
        var rest = line
        while let last = rest.last, last == " " || last == "\t" { rest = rest.dropLast() }
        guard !rest.isEmpty, !rest.hasPrefix("#") else { return nil }
        let takesBack = rest.hasPrefix("!")
        if takesBack { rest = rest.dropFirst() }
        let isForFoldersOnly = rest.hasSuffix("/")
        if isForFoldersOnly { rest = rest.dropLast() }
        // A pattern without a slash matches names at any depth.
        let isTied = rest.contains("/")
        let segments = rest.split(separator: "/").map(String.init)
        guard !segments.isEmpty else { return nil }
        return Pattern(
            segments: isTied ? segments : ["**"] + segments, isForFoldersOnly: isForFoldersOnly, takesBack: takesBack)
    }

    /// Returns true if the last matching pattern excludes `path`, which is relative to the folder of manifests. Returns
    /// `nil` if no pattern matches.
    private func verdict(on path: String, isFolder: Bool) -> Bool? {
        guard base.isEmpty || path.hasPrefix(base + "/") else { return nil }
        let inner = base.isEmpty ? path[...] : path.dropFirst(base.count + 1)
        let names = inner.split(separator: "/").map(String.init)
        let last = patterns.last { pattern in
            (isFolder || !pattern.isForFoldersOnly) && Self.matches(names[...], pattern.segments[...])
        }
        return last.map { !$0.takesBack }
    }

    private static func matches(_ names: ArraySlice<String>, _ pattern: ArraySlice<String>) -> Bool {
        guard let first = pattern.first else { return names.isEmpty }
        if first == "**" {
            return (names.startIndex...names.endIndex).contains { matches(names[$0...], pattern.dropFirst()) }
        }
        guard let name = names.first, fnmatch(first, name, 0) == 0 else { return false }
        return matches(names.dropFirst(), pattern.dropFirst())
    }

    /// Returns true if rules exclude a path. The rules of deeper folders come last and take precedence.
    static func exclude(_ path: String, isFolder: Bool, by rules: [IgnoreRules]) -> Bool {
        rules.reversed().lazy.compactMap { $0.verdict(on: path, isFolder: isFolder) }.first ?? false
    }

    /// Returns true if rules exclude a file or one of the folders that contain it.
    static func excludeFile(_ path: String, by rules: [IgnoreRules]) -> Bool {
        guard !rules.isEmpty else { return false }
        let parents = path.indices.filter { path[$0] == "/" }.map { String(path[..<$0]) }
        return parents.contains { exclude($0, isFolder: true, by: rules) } || exclude(path, isFolder: false, by: rules)
    }
}
