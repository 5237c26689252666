import F2SConfig
import F2SLocal
import F2SModel
import Glibc
import Logging

extension Place {
    /// One machine and nothing else.
    static func local(_ options: ServeOptions, _ settings: Settings, logger: Logger) throws -> Place {
        let local = try LocalPlatform(localOptions(options, settings), logger: logger)
        return Place(
            platform: local.platform, service: local, waitUntilLoaded: { await local.waitUntilLoaded() }, resign: {},
            source: { [folder = local.folder] in
                folder + (access(folder, F_OK) == 0 ? "" : " (which does not exist yet)")
            }, unit: "file", functionAddresses: nil, hosts: [], storedSettings: nil, report: { _ in }, tokens: nil)
    }

    private static func localOptions(_ options: ServeOptions, _ settings: Settings) -> LocalOptions {
        var environment = options.environment
        // An example says `f2s wrap`: the program that serves it must be found, wherever it was built.
        environment["PATH"] = [options.executableFolder, environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"].joined(
            separator: ":")
        var local = LocalOptions(folder: options.folder, launcher: options.executable, environment: environment)
        // Shorter than the longest wait of an invocation, so that the one who waits hears why.
        local.startTimeout = settings.timeouts.scaling * 9 / 10
        local.followsLinks = settings.followsLinks
        local.stopTimeout = settings.limits.drainTimeout
        return local
    }
}
