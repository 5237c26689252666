import F2SKubernetes
import F2SModel
import ServiceLifecycle

/// The platform on which F2S runs, with the platform data that the program needs besides the ports.
struct PlatformContext: Sendable {
    /// The ports.
    let platform: Platform
    /// The service that must run for the ports to work.
    let service: any Service
    /// Returns when the declared functions and the running replicas have been read. ``service`` must be running.
    let waitUntilLoaded: @Sendable () async -> Void
    /// Starts what the first replica would otherwise wait for. Called once invocations are served, because it takes
    /// processor time.
    let prepareReplicas: @Sendable () -> Void
    /// Gives up the leadership. This process goes on serving.
    let resign: @Sendable () async -> Void
    /// Returns the current source of the declarations, for the log.
    let source: @Sendable () -> String
    /// The word for the unit that stores a declaration: `file` or `resource`.
    let unit: String
    /// The IP addresses of the functions' replicas; `nil` if replicas use the addresses of this machine.
    let functionAddresses: Latest<Set<String>>?
    /// The host names, in lower case, by which callers reach F2S.
    let hosts: [String]
    /// The object in which the platform stores the settings; `nil` if they exist only in a file.
    let storedSettings: SettingsObject?
    /// Reports a changed condition of the installation to its operators.
    let report: @Sendable (InstallationCondition) async -> Void
    /// The tokens by which F2S processes authenticate to each other; `nil` if there is only one process.
    let tokens: Latest<PeerTokens>?
    /// The API tokens of callers.
    let apiTokens: any APITokenStore
    /// The histories of the functions.
    let archive: any DeclarationArchive
    /// The first API token of the installation; `nil` if the platform issues none.
    let initialToken: InitialToken?
    /// The Secrets of functions; `nil` if the platform has none.
    let secrets: FunctionSecrets?
}
