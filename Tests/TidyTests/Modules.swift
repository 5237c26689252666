/// One row of the table of modules: a folder of `Sources` and the modules that it may import.
struct Module {
    /// The level of the module. It may import modules of lower levels only.
    let level: Int
    /// The folder below `Sources`.
    let folder: String
    /// The modules of this package that it may import, without the prefix `F2S`.
    let modules: [String]
    /// The third-party modules that it may import.
    let thirdParty: [String]

    /// The name of the Swift module. It has the prefix because SwiftPM requires unique target names in the whole
    /// package graph.
    var module: String { level == 4 ? folder : "F2S\(name)" }

    /// The last component of the folder.
    var name: String { folder.split(separator: "/").last.map(String.init) ?? folder }

    /// All modules that it may import: those of this package, third-party libraries, the modules of the types in the
    /// libraries' public interfaces, and the modules that every module of this level may import.
    var allowedModules: Set<String> {
        var allowed: Set<String> = ["Swift", "Synchronization"]
        if level >= 1 { allowed.formUnion(["Glibc", "CLinux"]) }
        if level >= 2, folder != "Dispatcher" {
            allowed.formUnion(["Logging", "ServiceLifecycle", "UnixSignals", "FoundationEssentials"])
        }
        allowed.formUnion(modules.map { "F2S\($0)" })
        for library in thirdParty {
            allowed.insert(library)
            allowed.formUnion(Self.broughtAlong[library] ?? [])
        }
        return allowed
    }

    /// The row as it appears in `docs/architecture.md`.
    var row: String {
        let cells = [
            "\(level)", folder, level == 4 ? "all" : Self.listed(modules), Self.listed(thirdParty),
        ]
        return "| " + cells.joined(separator: " | ") + " |"
    }

    private static func listed(_ names: [String]) -> String { names.isEmpty ? "–" : names.joined(separator: ", ") }

    /// Further modules that declare types of a library's public interface. `MemberImportVisibility` requires an import
    /// of each.
    private static let broughtAlong: [String: Set<String>] = [
        "AsyncHTTPClient": ["NIOCore", "NIOHTTP1", "NIOFoundationCompat"],
        "Hummingbird": ["HummingbirdCore", "NIOCore", "HTTPTypes"],
        "Subprocess": ["SystemPackage"],
    ]
}

extension Module {
    /// The table of modules. `docs/architecture.md` contains the same rows; a test compares the two.
    static let all: [Module] =
        [
            Module(level: 4, folder: "f2s", modules: below.map(\.name), thirdParty: ["ArgumentParser"])
        ] + below

    private static let below: [Module] = [
        Module(
            level: 3, folder: "APIServer", modules: ["Model", "Manifest", "Config", "Metrics", "Access"],
            thirdParty: ["Hummingbird", "CWebAssets", "CLibZ"]),
        Module(level: 3, folder: "Kafka", modules: ["Model", "Metrics"], thirdParty: ["CLibrdkafka"]),
        Module(level: 3, folder: "Operator", modules: ["Model", "Metrics"], thirdParty: []),
        Module(
            level: 3, folder: "Peers", modules: ["Model", "Metrics"], thirdParty: ["Hummingbird", "AsyncHTTPClient"]),
        Module(level: 3, folder: "Prometheus", modules: ["Model", "Metrics"], thirdParty: ["AsyncHTTPClient"]),
        Module(
            level: 3, folder: "Platforms/Kubernetes", modules: ["Model", "Manifest", "System"],
            thirdParty: ["AsyncHTTPClient", "NIOSSL", "CRuntimes"]),
        Module(
            level: 3, folder: "Platforms/Local", modules: ["Model", "Manifest", "System"], thirdParty: ["CRuntimes"]),
        Module(level: 3, folder: "Client", modules: ["Model", "Manifest"], thirdParty: ["AsyncHTTPClient", "NIOSSL"]),
        Module(level: 3, folder: "Wrap", modules: [], thirdParty: ["Hummingbird", "Subprocess"]),
        Module(level: 2, folder: "Dispatcher", modules: ["Model", "Metrics", "System"], thirdParty: ["CLibSSL"]),
        Module(
            level: 2, folder: "Access", modules: ["Model", "System"],
            thirdParty: ["CLibCrypto", "AsyncHTTPClient", "NIOSSL"]),
        Module(level: 2, folder: "Config", modules: ["Model", "Manifest", "System"], thirdParty: []),
        Module(level: 1, folder: "Manifest", modules: ["Model"], thirdParty: ["CLibYAML"]),
        Module(level: 1, folder: "Metrics", modules: ["Model"], thirdParty: []),
        Module(level: 1, folder: "System", modules: ["Model"], thirdParty: []),
        Module(level: 0, folder: "Model", modules: [], thirdParty: []),
    ]

    /// The folders of `Sources` that contain C code or embedded files. They contain no Swift and therefore no imports.
    static let shims = [
        "CLinux", "CLibYAML", "CLibZ", "CLibCrypto", "CLibSSL", "CLibrdkafka", "CRuntimes", "CWebAssets",
    ]

    /// The test targets that do not correspond to a module.
    static let testTargets = ["EndToEndTests", "ClusterTests", "TidyTests", "TestSupport", "ProcessSupport"]

    /// Returns the module that contains a file of `Sources`.
    static func holding(_ path: String) -> Module? { all.first { path.hasPrefix("Sources/\($0.folder)/") } }
}
