import F2SManifest
import FoundationEssentials

/// One or more kubeconfig files, merged as kubectl merges them: of several entries with the same name, the first one
/// counts.
struct Kubeconfig {
    /// A cluster, user or context, and the folder that its relative paths refer to.
    struct Entry {
        let fields: YAMLMap
        /// The absolute path of the folder.
        let folder: String
    }

    private(set) var clusters: [String: Entry] = [:]
    private(set) var users: [String: Entry] = [:]
    private(set) var contexts: [String: Entry] = [:]
    private(set) var currentContext: String?
    /// The paths of the files, for messages.
    let location: String

    /// Reads kubeconfig files.
    /// - Parameter isRequired: true if every file must exist; false if one of them must.
    init(paths: [String], isRequired: Bool) throws(KubernetesError) {
        location = paths.joined(separator: ":")
        var hasRead = false
        for path in paths {
            if !isRequired, !FileManager.default.fileExists(atPath: path) { continue }
            let bytes = try Material.file(path).read("kubeconfig")
            do throws(YAMLError) {
                try add(bytes, folder: Self.folder(of: path))
            } catch {
                throw .credentials("The kubeconfig \(path) cannot be read: \(error)")
            }
            hasRead = true
        }
        guard hasRead else {
            throw .credentials("None of the kubeconfig files \(location) exists: correct KUBECONFIG.")
        }
    }

    /// Reads the text of one kubeconfig.
    init(_ bytes: [UInt8], folder: String = "/", location: String = "kubeconfig") throws(KubernetesError) {
        self.location = location
        do throws(YAMLError) {
            try add(bytes, folder: folder)
        } catch {
            throw .credentials("The kubeconfig cannot be read: \(error)")
        }
    }

    private mutating func add(_ bytes: [UInt8], folder: String) throws(YAMLError) {
        guard let document = try YAMLReader().documents(bytes).first else { return }
        let root: YAMLMap
        switch document {
        case .success(let node): root = try YAMLCursor(node).map()
        case .failure(let error): throw error
        }
        if currentContext == nil, let name = try root["current-context"]?.text(), !name.isEmpty {
            currentContext = name
        }
        try Self.entries(root["clusters"], "cluster", folder, into: &clusters)
        try Self.entries(root["users"], "user", folder, into: &users)
        try Self.entries(root["contexts"], "context", folder, into: &contexts)
    }

    private static func entries(
        _ list: YAMLCursor?, _ kind: String, _ folder: String, into entries: inout [String: Entry]
    ) throws(YAMLError) {
        for element in try list?.list(example: "[{name: a, \(kind): {}}]") ?? [] {
            let map = try element.map()
            let name = try map.required("name", "be the name of a \(kind)").text()
            // An empty `user:` is a user without credentials, which kubectl writes as `{}`.
            let value = map[kind] ?? YAMLCursor(YAMLNode(.map([]), at: map.position))
            let fields = try value.map()
            if entries[name] == nil { entries[name] = Entry(fields: fields, folder: folder) }
        }
    }

    private static func folder(of path: String) -> String {
        let absolute = path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
        return absolute.lastIndex(of: "/").map { String(absolute[..<$0]) } ?? "/"
    }
}
