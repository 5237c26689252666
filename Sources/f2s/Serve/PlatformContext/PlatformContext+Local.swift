import F2SConfig
import F2SLocal
import F2SModel
import Glibc
import Logging

extension PlatformContext {
    /// Creates the context of a single machine.
    static func local(
        _ options: ServeOptions, _ settings: Latest<Settings>, sourcesFolder: String, logger: Logger
    ) throws -> PlatformContext {
        let local = try LocalPlatform(
            localOptions(options, settings, sourcesFolder: sourcesFolder), logger: logger)
        return PlatformContext(
            platform: local.platform, service: local, waitUntilLoaded: { await local.waitUntilLoaded() },
            prepareReplicas: { local.prepareReplicas() }, resign: {},
            source: { [folder = local.folder] in
                folder + (access(folder, F_OK) == 0 ? "" : " (which does not exist yet)")
            }, unit: "file", functionAddresses: nil, hosts: [], storedSettings: nil, report: { _ in }, tokens: nil,
            apiTokens: local.tokens, archive: local.archive, initialToken: nil,
            secrets: nil)
    }

    private static func localOptions(
        _ options: ServeOptions, _ latest: Latest<Settings>, sourcesFolder: String
    ) -> LocalOptions {
        let settings = latest.current
        var environment = options.environment
        // Manifests may use the command `f2s wrap`, so the folder of this program is in the path.
        environment["PATH"] = [options.executableFolder, environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"].joined(
            separator: ":")
        var local = LocalOptions(
            folder: options.folder, launcher: options.executable, sourcesFolder: sourcesFolder,
            environment: environment)
        // The limit is shorter than the longest wait of an invocation, so that its caller gets the reason.
        local.startTimeout = settings.timeouts.scaling * 9 / 10
        local.followsLinks = settings.followsLinks
        local.stopTimeout = settings.limits.drainTimeout
        local.tokenFile = { latest.current.auth.token.storeFile }
        return local
    }
}
