import F2SKubernetes
import F2SModel
import ServiceLifecycle

/// Where F2S runs: a platform, and what the program as a whole has to know of it besides the ports.
struct Place: Sendable {
    /// The ports.
    let platform: Platform
    /// What has to run for them to work.
    let service: any Service
    /// Returns once what is declared and what runs has been read; ``service`` must have begun.
    let waitUntilLoaded: @Sendable () async -> Void
    /// Lets another process lead. Serving goes on.
    let resign: @Sendable () async -> Void
    /// Where the functions are declared, for the log, as it is at the moment.
    let source: @Sendable () -> String
    /// What one declaration is kept in: `file`.
    let unit: String
    /// IP addresses at which functions run, where those are not this machine's own; `nil`: they are.
    let functionAddresses: Latest<Set<String>>?
    /// Names in lower case by which callers know F2S here.
    let hosts: [String]
    /// Where the platform keeps the settings; `nil`: they are in a file only.
    let storedSettings: SettingsObject?
    /// Tells operators how a condition of the installation has changed.
    let report: @Sendable (InstallationCondition) async -> Void
    /// What F2S processes show each other; `nil`: there is only one process.
    let tokens: Latest<PeerTokens>?
}
