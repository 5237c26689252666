public import F2SModel
public import Logging
public import ServiceLifecycle
import Synchronization

/// The settings in force: read at start, and again when the file changes.
///
/// The file is looked at each second by its status, which works for editors that replace files and for
/// ConfigMaps, whose files are links that are swapped. A broken edit changes nothing but ``currentComplaint``.
public final class SettingsFile: Service {
    private struct State {
        var stamp: FileStamp?
        var complaint: String?
        /// Those that the file has given and the log has told.
        var warnings: [String] = []
    }

    /// The settings in force.
    public let latest: Latest<Settings>

    private let path: String?
    private let environment: [String: String]
    private let logger: Logger
    private let state: Mutex<State>

    /// Reads the settings.
    /// - Parameters:
    ///   - path: the file; `nil`, or no file there: defaults and environment alone.
    ///   - environment: variables by name; see ``SettingsReader/read(_:place:environment:)``.
    /// - Throws: ``SettingsError`` when they cannot be read.
    public init(path: String?, environment: [String: String], logger: Logger) throws(SettingsError) {
        let content = try path.map { path throws(SettingsError) in try FileContent.read(path) } ?? .absent
        let reading = try SettingsReader().reading(
            content.bytes, place: path ?? "config.yaml", environment: environment)
        self.path = path
        self.environment = environment
        self.logger = logger
        latest = Latest(reading.settings)
        state = Mutex(State(stamp: content.stamp, complaint: nil))
        warn(reading.warnings)
    }

    /// What is wrong with the file as it is now; `nil`: it is in force.
    public var currentComplaint: String? { state.withLock { $0.complaint } }

    /// Looks at the file each second until shutdown.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                self.look()
                // The pause ends early by cancellation only, which the loop looks at itself.
                try? await Task.sleep(for: Self.pause)
            }
        }
    }

    /// Looks at the file once: puts it into force when it has changed and is right.
    func look() {
        guard let path else { return }
        let seen = state.withLock { $0.stamp }
        guard FileStamp(path) != seen else { return }
        do {
            let content = try FileContent.read(path)
            guard content.bytes != nil else {
                state.withLock { $0.stamp = nil }
                complain("\(path) is gone. Put it back, or start F2S again for the defaults.")
                return
            }
            state.withLock { $0.stamp = content.stamp }
            let reading = try SettingsReader().reading(content.bytes, place: path, environment: environment)
            state.withLock { $0.complaint = nil }
            warn(reading.warnings)
            guard reading.settings != latest.current else { return }
            latest.publish(reading.settings)
            logger.info("New settings are in force.", metadata: ["file": "\(path)"])
        } catch {
            complain(error.description)
        }
    }

    /// Keeps a complaint, and logs it unless it is the one of a second ago.
    private func complain(_ complaint: String) {
        let isNew = state.withLock { state in
            defer { state.complaint = complaint }
            return state.complaint != complaint
        }
        guard isNew else { return }
        logger.warning("The settings stay as they were.", metadata: ["complaint": "\(complaint)"])
    }

    /// Logs each warning once, however often the file is read.
    private func warn(_ warnings: [String]) {
        let new = state.withLock { state in
            defer { state.warnings = warnings }
            return warnings.filter { !state.warnings.contains($0) }
        }
        for warning in new { logger.warning("\(warning)", metadata: path.map { ["file": "\($0)"] } ?? [:]) }
    }

    private static let pause = Duration.seconds(1)
}
