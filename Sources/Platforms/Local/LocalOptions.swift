/// What the Local platform has to be told; everything else has a default.
public struct LocalOptions: Sendable {
    /// Folder of the manifests, absolute or relative to the working folder of the process. It may be missing.
    public var folder: String
    /// Absolute path of the program that starts and ends replicas for F2S: the `f2s` executable.
    public var launcher: String
    /// The arguments with which it does.
    public var launcherArguments = ["launcher"]
    /// The environment of this process. Replicas get only ``passedVariables`` of it.
    public var environment: [String: String]
    /// Time in which a replica must listen, and answer its readiness probe if it has one.
    public var startTimeout = Duration.seconds(30)
    /// Longest time between SIGTERM and SIGKILL; a function's own `timeout` may be shorter.
    public var stopTimeout = Duration.seconds(30)
    /// Shortest time between two looks at the folder. A folder that takes long to look at is looked at less often.
    public var lookInterval = Duration.milliseconds(500)
    /// Time between two looks for programs that listen on the port of a replica besides it.
    public var portInterval = Duration.seconds(5)
    /// Manifest files, and files that look like it, that are looked at most.
    public var filesMax = 50_000
    /// Entries of folders, of any kind, that are looked at at most.
    public var entriesMax = 200_000
    /// Folders that are looked at at most.
    public var foldersMax = 10_000
    /// Levels of sub-folders that are read at most.
    public var foldersDepthMax = 16
    /// Whether links that lead out of the folder are followed, and other file systems below it entered.
    public var followsLinks = false
    /// Longest time that REST waits for the file system.
    public var fileTimeout = Duration.seconds(10)
    /// Bytes of a manifest file.
    public var fileBytesMax = 1024 * 1024
    /// Lines of log that are kept per replica.
    public var logLinesMax = 1000
    /// Bytes of log that are kept per replica.
    public var logBytesMax = 256 * 1024
    /// Replicas per function whose logs are kept after they are gone.
    public var goneLogsMax = 3
    /// Events that are remembered.
    public var eventsMax = 1000

    /// Variables that replicas inherit from F2S; all else comes from the manifest.
    public static let passedVariables = ["PATH", "HOME", "LANG", "TMPDIR", "USER"]

    /// Variables that replicas get unless the manifest sets them. What a program prints goes to a pipe, and Python
    /// would keep it back until 8 KiB have gathered.
    public static let defaultVariables = ["PYTHONUNBUFFERED": "1"]

    /// The defaults.
    public init(folder: String, launcher: String, environment: [String: String]) {
        self.folder = folder
        self.launcher = launcher
        self.environment = environment
    }
}
