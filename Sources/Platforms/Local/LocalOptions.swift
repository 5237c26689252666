/// The settings of the Local platform.
public struct LocalOptions: Sendable {
    /// The folder of the manifests, absolute or relative to the working folder of the process. It may be missing.
    public var folder: String
    /// The absolute path of the program that starts and ends replicas for F2S: the `f2s` executable.
    public var launcher: String
    /// The arguments that make ``launcher`` serve as the launcher.
    public var launcherArguments = ["launcher"]
    /// The folder in which F2S writes the files of functions from source text while their replicas run. Its parent must
    /// exist, and should be private.
    public var sourcesFolder: String
    /// The environment of this process. Replicas inherit only ``passedVariables`` from it.
    public var environment: [String: String]
    /// The time within which a replica must listen and pass its readiness probe, if it has one. A function may declare
    /// a time of its own.
    public var startTimeout = Duration.seconds(30)
    /// The longest time between SIGTERM and SIGKILL. A function's own `timeout` may be shorter.
    public var stopTimeout = Duration.seconds(30)
    /// The shortest time between two scans of the folder. A folder whose scan takes long is scanned less often.
    public var lookInterval = Duration.milliseconds(500)
    /// The time between two checks for other programs that listen on the port of a replica.
    public var portInterval = Duration.seconds(5)
    /// The maximum number of files with the name of a manifest that are read.
    public var filesMax = 50_000
    /// The maximum number of folder entries, of any kind, that are read.
    public var entriesMax = 200_000
    /// The maximum number of folders that are read.
    public var foldersMax = 10_000
    /// The maximum number of levels of sub-folders that are read.
    public var foldersDepthMax = 16
    /// True if links that lead out of the folder are followed and other file systems below it are entered.
    public var followsLinks = false
    /// The longest time that a REST request waits for the file system.
    public var fileTimeout = Duration.seconds(10)
    /// The maximum size of a manifest file, in bytes.
    public var fileBytesMax = 1024 * 1024
    /// The maximum number of log lines kept per replica.
    public var logLinesMax = 1000
    /// The maximum number of log bytes kept per replica.
    public var logBytesMax = 256 * 1024
    /// The number of ended replicas per function whose logs are kept.
    public var goneLogsMax = 3
    /// The maximum number of events kept.
    public var eventsMax = 1000
    /// Returns the path of the file with API tokens; `nil` if there is none. It is called again and again, because
    /// settings change.
    public var tokenFile: @Sendable () -> String? = { nil }

    /// The variables that replicas inherit from F2S. They inherit no others.
    public static let passedVariables = ["PATH", "HOME", "LANG", "TMPDIR", "USER"]

    /// The variables that replicas get unless the manifest sets them. A program's output goes to a pipe, and Python
    /// would otherwise buffer it until 8 KiB have accumulated.
    public static let defaultVariables = ["PYTHONUNBUFFERED": "1"]

    /// Creates options with the default values of all other settings.
    public init(folder: String, launcher: String, sourcesFolder: String, environment: [String: String]) {
        self.folder = folder
        self.sourcesFolder = sourcesFolder
        self.launcher = launcher
        self.environment = environment
    }
}
