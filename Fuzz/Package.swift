// swift-tools-version: 6.2
import PackageDescription

// Compiles the codec's sources, reached over symbolic links, together with NIO's decoder. scripts/fuzz and scripts/soak
// build this package with `--sanitize fuzzer`. The address sanitizer is set here and not on that command line: the
// compiler would use only the last of two sanitizers given there, and in NIO the address sanitizer would only cost
// time.
let sanitizers = ["-sanitize=fuzzer,address"]

let package = Package(
    name: "f2s-fuzz",
    platforms: [.macOS(.v26)],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2")
    ],
    targets: [
        .target(name: "F2SModel"),
        .executableTarget(
            name: "CodecFuzz",
            dependencies: [
                "F2SModel",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            linkerSettings: [.unsafeFlags(sanitizers)]),
    ]
)

for target in package.targets {
    target.swiftSettings = [
        .swiftLanguageMode(.v6),
        .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .unsafeFlags(sanitizers),
    ]
}
