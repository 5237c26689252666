// swift-tools-version: 6.2
import PackageDescription

// Reads like the table of modules in docs/architecture.md: a module and the modules that it may import.

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

func module(_ name: String, _ path: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(path)")
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)")
}

let package = Package(
    name: "f2s",
    platforms: [.macOS(.v26)],
    products: [.executable(name: "f2s", targets: ["f2s"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        // Level 0 and 1: what things are.
        module("F2SModel", "Model", []),
        module("F2SMetrics", "Metrics", ["F2SModel", "CLinux"]),
        module("F2SManifest", "Manifest", ["F2SModel", "CLibYAML"]),
        module("F2SSystem", "System", ["F2SModel", "CLinux"]),

        // Level 2: the data plane, who may call, the settings.
        module("F2SDispatcher", "Dispatcher", ["F2SModel", "F2SMetrics", "F2SSystem", "CLinux", "CLibSSL"]),
        module(
            "F2SAccess", "Access",
            [
                "F2SModel", "F2SSystem", "CLibCrypto", asyncHTTPClient, nioCore, nioHTTP1, nioSSL, logging, lifecycle,
            ]),
        module("F2SConfig", "Config", ["F2SModel", "F2SManifest", "F2SSystem", logging, lifecycle]),

        // Level 3: the control plane and the platforms.
        module(
            "F2SAPIServer", "APIServer",
            [
                "F2SModel", "F2SManifest", "F2SConfig", "F2SMetrics", "F2SAccess", "CWebAssets", "CLibZ",
                hummingbird, httpTypes, nioCore, logging, lifecycle,
            ]),
        module("F2SOperator", "Operator", ["F2SModel", "F2SMetrics", logging, lifecycle]),
        module(
            "F2SPeers", "Peers", ["F2SModel", "F2SMetrics", hummingbird, httpTypes, nioCore, logging, lifecycle]),
        module(
            "F2SPrometheus", "Prometheus",
            ["F2SModel", "F2SMetrics", asyncHTTPClient, nioCore, nioHTTP1, lifecycle]),
        module(
            "F2SLocal", "Platforms/Local",
            ["F2SModel", "F2SManifest", "F2SSystem", "CLinux", "CRuntimes", logging, lifecycle]),
        module(
            "F2SKubernetes", "Platforms/Kubernetes",
            [
                "F2SModel", "F2SManifest", "F2SSystem", "CRuntimes", asyncHTTPClient, nioCore, nioHTTP1, nioSSL,
                logging, lifecycle,
            ]),
        module(
            "F2SClient", "Client", ["F2SModel", "F2SManifest", asyncHTTPClient, nioCore, nioHTTP1, nioSSL]),
        module(
            "F2SWrap", "Wrap",
            ["CLinux", hummingbird, httpTypes, nioCore, subprocess, systemPackage, logging, lifecycle]),

        // Level 4: the program.
        .executableTarget(
            name: "f2s",
            dependencies: [
                "F2SModel", "F2SManifest", "F2SConfig", "F2SMetrics", "F2SAccess", "F2SDispatcher", "F2SOperator",
                "F2SPeers", "F2SPrometheus", "F2SAPIServer", "F2SLocal", "F2SKubernetes", "F2SClient", "F2SWrap",
                "F2SSystem", "CLinux", argumentParser, logging, lifecycle, unixSignals,
            ],
            path: "Sources/f2s"),

        // C: what the Glibc module lacks.
        .target(name: "CLinux", path: "Sources/CLinux"),
        // C: files that are embedded in the program.
        .target(name: "CRuntimes", path: "Sources/CRuntimes"),
        .target(name: "CWebAssets", path: "Sources/CWebAssets", exclude: ["page"]),
        .systemLibrary(name: "CLibZ", path: "Sources/CLibZ", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CLibYAML", path: "Sources/CLibYAML", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CLibCrypto", path: "Sources/CLibCrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLibSSL", path: "Sources/CLibSSL", providers: [.apt(["libssl-dev"])]),

        // Tests mirror the modules.
        .target(name: "TestSupport", dependencies: ["F2SModel"], path: "Tests/TestSupport"),
        .target(name: "ProcessSupport", dependencies: ["F2SSystem"], path: "Tests/ProcessSupport"),
        tests("ModelTests", ["F2SModel"]),
        tests("SystemTests", ["F2SSystem", "F2SModel"]),
        tests("MetricsTests", ["F2SMetrics", "F2SModel", "F2SSystem", "TestSupport"]),
        tests("ManifestTests", ["F2SManifest", "F2SModel"]),
        tests("AccessTests", ["F2SAccess", "F2SModel", "F2SSystem", "TestSupport", "CLibCrypto", logging]),
        tests("ConfigTests", ["F2SConfig", "F2SModel", "TestSupport", logging, lifecycle]),
        tests(
            "DispatcherTests",
            [
                "F2SDispatcher", "F2SModel", "F2SMetrics", "F2SSystem", "ProcessSupport", "CLinux", "CLibSSL", nioCore,
                nioPosix, nioSSL,
            ]),
        tests("OperatorTests", ["F2SOperator", "F2SModel", "F2SMetrics", "F2SSystem", "TestSupport", logging]),
        tests(
            "PeersTests",
            [
                "F2SPeers", "F2SModel", "F2SMetrics", "TestSupport", asyncHTTPClient, nioCore, nioHTTP1, logging,
                lifecycle,
            ]),
        tests(
            "PrometheusTests",
            ["F2SPrometheus", "F2SModel", "TestSupport", nioCore, nioPosix]),
        tests(
            "APIServerTests",
            [
                "F2SAPIServer", "F2SModel", "F2SManifest", "F2SConfig", "F2SMetrics", "F2SAccess", "TestSupport",
                asyncHTTPClient, nioCore, nioHTTP1, logging, lifecycle,
            ]),
        tests("LocalTests", ["F2SLocal", "F2SModel", "F2SManifest", "F2SSystem", "TestSupport", "CLinux", logging]),
        tests(
            "KubernetesTests",
            [
                "F2SKubernetes", "F2SModel", "F2SManifest", "F2SSystem", "TestSupport", asyncHTTPClient, nioCore,
                nioHTTP1, nioPosix, logging, lifecycle,
            ]),
        tests("ClientTests", ["F2SClient", "F2SModel"]),
        tests("WrapTests", ["F2SWrap", asyncHTTPClient, httpTypes, nioCore, nioHTTP1, nioPosix, logging]),
        .testTarget(
            name: "EndToEndTests", dependencies: ["F2SModel", "ProcessSupport"],
            path: "Tests/EndToEndTests", exclude: ["Clients", "Providers", "Servers"]),
        .testTarget(
            name: "ClusterTests", dependencies: ["F2SModel", "ProcessSupport"], path: "Tests/ClusterTests",
            exclude: ["Functions"]),
        tests("TidyTests", []),
    ],
    // For #embed.
    cLanguageStandard: .c2x
)

// The targets in C.
let shims = ["CLinux", "CRuntimes", "CWebAssets"]

// One language mode and one set of upcoming features for every target; a warning of ours is an error.
for target in package.targets where !shims.contains(target.name) && target.type != .system {
    target.swiftSettings = [
        .swiftLanguageMode(.v6),
        .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ]
}

// Inside of the program, so that it runs where the libraries are not installed.
let libraries = [
    "F2SManifest": [":libyaml.a"], "F2SAPIServer": [":libz.a"], "F2SAccess": [":libcrypto.a"],
    "F2SDispatcher": [":libssl.a", ":libcrypto.a"],
]
for target in package.targets {
    if let names = libraries[target.name] { target.linkerSettings = names.map { .linkedLibrary($0) } }
}
