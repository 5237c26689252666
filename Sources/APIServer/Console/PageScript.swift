/// Links modules of the console's page into one script, which a browser loads by one request and which compresses
/// better than many.
///
/// Each module becomes the value of a call, and each import takes names from that value. For example, the module
/// `views/edit-json.js`, which imports `h` from `../dom.js` and exports `flat`, becomes:
///
///     const $views_edit_json = (() => {
///     const {h} = $dom;
///     const flat = …
///     return {flat};
///     })();
///
/// The modules run in the order in which a browser would run them. They must satisfy these rules, which
/// `ConsolePageTests` checks: imports and exports have names and begin at the start of a line, an exported variable is
/// constant, and no module imports itself through others.
struct PageScript {
    /// The texts of the modules by their paths, as ``PageFile/compact(_:)`` returns them.
    private let sources: [String: String]
    private var linked: Set<String> = []
    private var text = ""

    /// Returns a module together with all that it imports, directly and through others.
    static func link(_ path: String, of sources: [String: String]) -> String {
        var script = PageScript(sources: sources)
        script.add(path)
        return script.text
    }

    private init(sources: [String: String]) { self.sources = sources }

    /// Adds a module behind those that it imports, unless it has been added.
    private mutating func add(_ path: String) {
        guard linked.insert(path).inserted, let source = sources[path] else { return }
        var (body, statement, exports) = ("", "", [Substring]())
        for line in source.split(separator: "\n") {
            if !statement.isEmpty || line.hasPrefix("import ") {
                statement += line
                guard line.hasSuffix("\";") else { continue }
                body += replaceImport(statement, in: path)
                statement = ""
            } else if line.hasPrefix("export ") {
                let declaration = line.dropFirst("export ".count)
                exports.append(Self.name(in: declaration))
                body += declaration + "\n"
            } else {
                body += line + "\n"
            }
        }
        let value = "return {\(exports.joined(separator: ", "))};\n"
        text += "const \(Self.identifier(path)) = (() => {\n\(body)\(value)})();\n"
    }

    /// Adds the module that an import statement names, and returns the statement that replaces it.
    private mutating func replaceImport(_ statement: String, in path: String) -> String {
        let module = Self.path(String(statement.split(separator: "\"")[1]), relativeTo: path)
        add(module)
        let names = statement.drop { $0 != "{" }.prefix { $0 != "}" }.dropFirst().replacing(" as ", with: ": ")
        return "const {\(names)} = \(Self.identifier(module));\n"
    }

    /// Returns the name that a declaration begins with, for example `save` of `async function save(`.
    private static func name(in declaration: Substring) -> Substring {
        let words = declaration.split(separator: " ").drop { $0 == "async" }.dropFirst()
        return words.first?.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "$" } ?? ""
    }

    /// Returns the path of a module that another one names by a relative one, for example `../dom.js`.
    private static func path(_ name: String, relativeTo path: String) -> String {
        var folders = path.split(separator: "/").dropLast()
        for part in name.split(separator: "/") where part != "." {
            if part == ".." { folders = folders.dropLast() } else { folders.append(part) }
        }
        return folders.joined(separator: "/")
    }

    /// Returns the name of a module's value.
    private static func identifier(_ path: String) -> String {
        "$" + path.dropLast(".js".count).map { $0.isLetter || $0.isNumber ? String($0) : "_" }.joined()
    }
}
