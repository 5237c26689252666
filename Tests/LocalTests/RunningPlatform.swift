import F2SModel
import Foundation
import TestSupport
import Testing

@testable import F2SLocal

/// Runs a platform on a folder of its own during `body`, and then ends it as a shutdown does.
func withPlatform(
    _ adjust: (inout LocalOptions) -> Void = { _ in }, folder: TemporaryFolder? = nil,
    _ body: @Sendable (LocalPlatform, TemporaryFolder) async throws -> Void
) async throws {
    let folder = try folder ?? TemporaryFolder()
    var options = LocalOptions(
        folder: folder.path, launcher: try Workshop.launcher.get(), sourcesFolder: folder.path + ".sources",
        environment: ProcessInfo.processInfo.environment)
    options.launcherArguments = []
    options.stopTimeout = .seconds(10)
    adjust(&options)
    let platform = try LocalPlatform(options, logger: quiet)
    try await withThrowingTaskGroup { group in
        group.addTask { try await platform.run() }
        await platform.waitUntilLoaded()
        do {
            try await body(platform, folder)
        } catch {
            platform.stop()
            try await group.waitForAll()
            throw error
        }
        platform.stop()
        try await group.waitForAll()
    }
}

extension LocalPlatform {
    var functions: any FunctionStore { platform.functions }
    var replicas: any ReplicaRuntime { platform.replicas }

    /// Returns the present declarations.
    func functionSnapshot() async throws -> FunctionSnapshot {
        try await functions.withSnapshots {
            for await snapshot in $0 { return snapshot }; return FunctionSnapshot()
        }
    }

    /// Returns the present replicas.
    func replicaSnapshot() async throws -> ReplicaSnapshot {
        try await replicas.withReplicas {
            for await snapshot in $0 { return snapshot }; return ReplicaSnapshot()
        }
    }

    /// Declares a function and returns it.
    func declare(_ name: String, _ target: Target) async throws -> Function {
        try await functions.create(draft(name, target))
    }

    /// Waits for the start failure of a function.
    func startFailure(of function: Function) async throws -> StartFailure {
        try await eventually("\(function.name) fails to start") {
            try await replicaSnapshot().startFailures[function.id] != nil
        }
        return try #require(try await replicaSnapshot().startFailures[function.id])
    }
}
