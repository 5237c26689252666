/// One row of the table of rooms: a folder of `Sources`, and what it may lean on.
struct Room {
    /// Height in the building: imports go down only.
    let level: Int
    /// Folder below `Sources`.
    let folder: String
    /// Rooms whose modules it may import, without the prefix `F2S`.
    let rooms: [String]
    /// Modules of others that it may import.
    let thirdParty: [String]

    /// Name of the module. SwiftPM wants target names unique over the whole graph, hence the prefix.
    var module: String { level == 4 ? folder : "F2S\(name)" }

    /// The last part of the folder.
    var name: String { folder.split(separator: "/").last.map(String.init) ?? folder }

    /// Every module that may be imported: rooms, libraries, the modules of the libraries' own public types, and what
    /// everybody on this level has.
    var allowedModules: Set<String> {
        var allowed: Set<String> = ["Swift", "Synchronization"]
        if level >= 1 { allowed.formUnion(["Glibc", "CLinux"]) }
        if level >= 2, folder != "Dispatcher" {
            allowed.formUnion(["Logging", "ServiceLifecycle", "UnixSignals", "FoundationEssentials"])
        }
        allowed.formUnion(rooms.map { "F2S\($0)" })
        for library in thirdParty {
            allowed.insert(library)
            allowed.formUnion(Self.broughtAlong[library] ?? [])
        }
        return allowed
    }

    /// The row as `docs/architecture.md` shows it.
    var row: String {
        let cells = [
            "\(level)", folder, level == 4 ? "all" : Self.listed(rooms), Self.listed(thirdParty),
        ]
        return "| " + cells.joined(separator: " | ") + " |"
    }

    private static func listed(_ names: [String]) -> String { names.isEmpty ? "–" : names.joined(separator: ", ") }

    /// A library's public types come from these modules too; `MemberImportVisibility` wants them imported by name.
    private static let broughtAlong: [String: Set<String>] = [
        "AsyncHTTPClient": ["NIOCore", "NIOHTTP1", "NIOFoundationCompat"],
        "Hummingbird": ["HummingbirdCore", "NIOCore", "HTTPTypes"],
        "Subprocess": ["SystemPackage"],
    ]
}

extension Room {
    /// The table of rooms. `docs/architecture.md` shows the same rows to people; a test holds the two together.
    static let all: [Room] =
        [
            Room(level: 4, folder: "f2s", rooms: below.map(\.name), thirdParty: ["ArgumentParser"])
        ] + below

    private static let below: [Room] = [
        Room(
            level: 3, folder: "APIServer", rooms: ["Model", "Manifest", "Config", "Metrics", "Access"],
            thirdParty: ["Hummingbird"]),
        Room(level: 3, folder: "Kafka", rooms: ["Model", "Metrics"], thirdParty: ["CLibrdkafka"]),
        Room(level: 3, folder: "Operator", rooms: ["Model", "Metrics"], thirdParty: []),
        Room(
            level: 3, folder: "Platforms/Kubernetes", rooms: ["Model", "Manifest"],
            thirdParty: ["AsyncHTTPClient", "NIOSSL"]),
        Room(level: 3, folder: "Platforms/Local", rooms: ["Model", "Manifest"], thirdParty: []),
        Room(level: 3, folder: "Client", rooms: ["Model", "Manifest"], thirdParty: ["AsyncHTTPClient"]),
        Room(level: 3, folder: "Wrap", rooms: [], thirdParty: ["Hummingbird", "Subprocess"]),
        Room(
            level: 2, folder: "Dispatcher", rooms: ["Model", "Metrics"],
            thirdParty: ["NIOCore", "NIOPosix", "NIOSSL", "NIOHTTP2"]),
        Room(level: 2, folder: "Access", rooms: ["Model"], thirdParty: ["JWTKit", "Crypto", "AsyncHTTPClient"]),
        Room(level: 2, folder: "Config", rooms: ["Model", "Manifest"], thirdParty: []),
        Room(level: 1, folder: "Manifest", rooms: ["Model"], thirdParty: ["CLibYAML"]),
        Room(level: 1, folder: "Metrics", rooms: ["Model"], thirdParty: []),
        Room(level: 0, folder: "Model", rooms: [], thirdParty: []),
    ]

    /// Folders of `Sources` that hold C and what embeds files: no Swift, so nothing to import.
    static let shims = ["CLinux", "CLibYAML", "CLibrdkafka", "CWebAssets"]

    /// Test targets that mirror no room.
    static let testTargets = ["EndToEndTests", "ClusterTests", "TidyTests", "TestSupport", "ProcessSupport"]

    /// The room that a file of `Sources` is in.
    static func holding(_ path: String) -> Room? { all.first { path.hasPrefix("Sources/\($0.folder)/") } }
}
