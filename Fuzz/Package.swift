// swift-tools-version: 6.2
import PackageDescription

// The codec's own sources, reached over symbolic links and so never out of date, beside NIO's decoder. scripts/fuzz and
// scripts/soak build it with `--sanitize fuzzer`. The address sanitizer stands here and not beside that: of two the
// compiler would take only the last, and in NIO it would take the fuzzer's time.
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
