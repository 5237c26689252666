public import F2SModel
public import Logging
public import ServiceLifecycle
import Synchronization

/// The settings in force: read at start, and again when the file changes.
///
/// The file is looked at each second by its status, which works for editors that replace files and for
/// ConfigMaps, whose files are links that are swapped. Where the platform tells of the ConfigMap itself
/// (``take(_:from:lastGood:)``), that is newer than the file, which is not looked at any more. A broken edit changes
/// nothing but ``currentComplaint``.
public final class SettingsFile: Service {
    private struct State {
        var stamp: FileStamp?
        var complaint: String?
        /// Whether the platform tells of the settings.
        var isTold = false
        /// Whether settings are in force that somebody has written.
        var isUsable = true
        /// What the platform told of last that is in force.
        var accepted: String?
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

    /// Settings for a process that starts with a file that is refused: the last good ones where there are any, else the
    /// defaults, which are not ``isUsable``.
    /// - Throws: ``SettingsError`` when the environment alone is wrong.
    public init(
        path: String?, environment: [String: String], refused: SettingsError, lastGood: String?, logger: Logger
    ) throws(SettingsError) {
        let reader = SettingsReader()
        let good = lastGood.flatMap { try? reader.read(Array($0.utf8), environment: environment) }
        let defaults = try reader.read(nil, environment: environment)
        self.path = path
        self.environment = environment
        self.logger = logger
        latest = Latest(good ?? defaults)
        state = Mutex(State(stamp: path.flatMap { FileStamp($0) }, complaint: refused.description))
        state.withLock { $0.isUsable = good != nil }
        logger.error(
            good == nil
                ? "The settings are refused and there are no good ones: F2S is not ready."
                : "The settings are refused: the last good ones are in force.",
            metadata: ["complaint": "\(refused)"])
    }

    /// Takes the settings as the platform keeps them now.
    /// - Parameters:
    ///   - text: `nil`: they are gone.
    ///   - place: what they are kept in, for complaints.
    ///   - lastGood: what is good to go by for a process that has nothing better.
    public func take(_ text: String?, from place: String, lastGood: String?) {
        state.withLock { $0.isTold = true }
        guard let text else {
            return complain("\(place) is gone. Put it back; until then the settings stay as they are.")
        }
        do {
            try accept(Array(text.utf8), place: place)
            state.withLock { $0.accepted = text }
        } catch {
            complain(error.description)
            guard !isUsable, let lastGood,
                let settings = try? SettingsReader().read(Array(lastGood.utf8), environment: environment)
            else { return }
            state.withLock { $0.isUsable = true }
            if settings != latest.current { latest.publish(settings) }
        }
    }

    /// Whether the settings in force are some that were written down. If not, this process should take no work.
    public var isUsable: Bool { state.withLock { $0.isUsable } }

    /// Whether the settings that are written down are in force, and what is wrong with them if not.
    public var condition: InstallationCondition {
        let (complaint, isUsable) = state.withLock { ($0.complaint, $0.isUsable) }
        guard let complaint else {
            return InstallationCondition(
                .settingsAccepted, isTrue: true, reason: "SettingsAccepted", message: "The settings are in force.")
        }
        return InstallationCondition(
            .settingsAccepted, isTrue: false, reason: isUsable ? "SettingsRefused" : "NoGoodSettings",
            message: complaint
                + (isUsable ? " The last good settings stay in force." : " There are no good settings to go by."))
    }

    /// What ``take(_:from:lastGood:)`` was told last that is in force.
    public var acceptedText: String? { state.withLock { $0.accepted } }

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
        let (seen, isTold) = state.withLock { ($0.stamp, $0.isTold) }
        guard !isTold else { return }
        guard FileStamp(path) != seen else { return }
        do {
            let content = try FileContent.read(path)
            guard content.bytes != nil else {
                state.withLock { $0.stamp = nil }
                complain("\(path) is gone. Put it back, or start F2S again for the defaults.")
                return
            }
            state.withLock { $0.stamp = content.stamp }
            try accept(content.bytes, place: path)
        } catch {
            complain(error.description)
        }
    }

    /// Puts content into force.
    private func accept(_ bytes: [UInt8]?, place: String) throws(SettingsError) {
        let reading = try SettingsReader().reading(bytes, place: place, environment: environment)
        state.withLock { state in
            state.complaint = nil
            state.isUsable = true
        }
        warn(reading.warnings)
        guard reading.settings != latest.current else { return }
        latest.publish(reading.settings)
        logger.info("New settings are in force.", metadata: ["source": "\(place)"])
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
