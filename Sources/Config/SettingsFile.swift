public import F2SModel
public import Logging
public import ServiceLifecycle
import Synchronization

/// The settings in force. They are read at start, and again when the file changes.
///
/// The file's status is checked each second. This works for editors that replace files, and for ConfigMaps, whose files
/// are links that are swapped. If the platform passes the ConfigMap itself (``apply(_:from:lastGood:)``), that is newer
/// than the file, and the file is no longer checked. An invalid edit changes only ``currentRejection`` and
/// ``condition``.
public final class SettingsFile: Service {
    private struct State {
        var stamp: SettingsFileStamp?
        var rejection: String?
        /// True if the platform passes the settings.
        var isTold = false
        /// True if the settings in force were written by an operator.
        var isUsable = true
        /// The last text from the platform that is in force.
        var accepted: String?
        /// The stamps of the files that the newest settings refer to; `nil` for one that does not exist.
        var references: [String: SettingsFileStamp?] = [:]
        /// The newest text from the platform, and its object; `nil` if it was deleted.
        var told: (text: String, location: String)?
        /// The warnings about the current settings, which are already logged.
        var warnings: [String] = []
    }

    /// The settings in force.
    public let latest: Latest<Settings>

    private let path: String?
    private let environment: [String: String]
    private let reader: SettingsReader
    private let logger: Logger
    private let state: Mutex<State>
    /// Held while settings are read and put into force, so that newer ones are never replaced by older ones.
    private let applying = Mutex(())

    /// Reads the settings.
    /// - Parameters:
    ///   - path: the file. If it is `nil` or does not exist, the defaults and the environment apply.
    ///   - environment: variables by name; see ``SettingsReader/read(_:location:environment:)``.
    ///   - reader: the reader of the settings, which knows the platform.
    /// - Throws: ``SettingsError`` if the settings cannot be read or are invalid.
    public init(
        path: String?, environment: [String: String], reader: SettingsReader = SettingsReader(), logger: Logger
    ) throws(SettingsError) {
        let content = try path.map { path throws(SettingsError) in try FileContent.read(path) } ?? .absent
        let reading = try reader.reading(content.bytes, location: path ?? "config.yaml", environment: environment)
        self.reader = reader
        self.path = path
        self.environment = environment
        self.logger = logger
        latest = Latest(reading.settings)
        state = Mutex(State(stamp: content.stamp, rejection: nil, references: reading.files))
        warn(reading.warnings)
    }

    /// Creates settings for a process whose file is rejected at start: the last good ones if there are any, or else the
    /// defaults, which are not ``isUsable``.
    /// - Throws: ``SettingsError`` if the environment alone is invalid.
    public init(
        path: String?, environment: [String: String], refused: SettingsError, lastGood: String?,
        reader: SettingsReader = SettingsReader(), logger: Logger
    ) throws(SettingsError) {
        let good = lastGood.flatMap { try? reader.read(Array($0.utf8), environment: environment) }
        let defaults = try reader.read(nil, environment: environment)
        self.reader = reader
        self.path = path
        self.environment = environment
        self.logger = logger
        latest = Latest(good ?? defaults)
        state = Mutex(State(stamp: path.flatMap { SettingsFileStamp($0) }, rejection: refused.description))
        state.withLock { $0.isUsable = good != nil }
        logger.error(
            good == nil
                ? "The settings are refused and there are no good ones: F2S is not ready."
                : "The settings are refused: the last good ones are in force.",
            metadata: ["error": "\(refused)"])
    }

    /// Applies the settings that the platform stores now.
    /// - Parameters:
    ///   - text: the settings; `nil` if they were deleted.
    ///   - location: the object that contains them, for errors.
    ///   - lastGood: the last good settings, for a process that has no usable ones yet.
    public func apply(_ text: String?, from location: String, lastGood: String?) {
        applying.withLock { _ in put(text, from: location, lastGood: lastGood) }
    }

    private func put(_ text: String?, from location: String, lastGood: String?) {
        state.withLock { state in
            state.isTold = true
            state.told = text.map { ($0, location) }
        }
        guard let text else {
            return warn("\(location) is gone. Put it back; until then the settings stay as they are.")
        }
        do {
            try accept(Array(text.utf8), location: location)
            state.withLock { $0.accepted = text }
        } catch {
            warn(error.description)
            guard !isUsable, let lastGood,
                let settings = try? reader.read(Array(lastGood.utf8), environment: environment)
            else { return }
            state.withLock { $0.isUsable = true }
            // Also if they equal the defaults: they are usable now.
            latest.publish(settings)
        }
    }

    /// True if the settings in force were written by an operator. If not, this process should accept no work.
    public var isUsable: Bool { state.withLock { $0.isUsable } }

    /// The condition that the newest settings are in force. It contains the error if they are not.
    public var condition: InstallationCondition {
        let (message, isUsable) = state.withLock { ($0.rejection, $0.isUsable) }
        guard let message else {
            return InstallationCondition(
                .settingsAccepted, isTrue: true, reason: "SettingsAccepted", message: "The settings are in force.")
        }
        return InstallationCondition(
            .settingsAccepted, isTrue: false, reason: isUsable ? "SettingsRefused" : "NoGoodSettings",
            message: message
                + (isUsable ? " The last good settings stay in force." : " There are no good settings to use."))
    }

    /// The last text passed to ``apply(_:from:lastGood:)`` that is in force.
    public var acceptedText: String? { state.withLock { $0.accepted } }

    /// The error of the newest settings; `nil` if they are in force.
    public var currentRejection: String? { state.withLock { $0.rejection } }

    /// Checks the file each second until shutdown.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                self.reloadIfChanged()
                // The sleep ends early only by cancellation, which the loop checks itself.
                try? await Task.sleep(for: Self.pause)
            }
        }
    }

    /// Checks the file once, and the files that the settings refer to. Puts the settings into force if they have
    /// changed and are valid.
    func reloadIfChanged() { applying.withLock { _ in reload() } }

    private func reload() {
        let (seen, isTold, told) = state.withLock { ($0.stamp, $0.isTold, $0.told) }
        if isTold {
            // The platform passes changes of the settings, but not of files that they refer to.
            guard let told, mayDiffer else { return }
            do {
                try accept(Array(told.text.utf8), location: told.location)
                state.withLock { $0.accepted = told.text }
            } catch {
                warn(error.description)
            }
            return
        }
        guard let path, SettingsFileStamp(path) != seen || mayDiffer else { return }
        do {
            let content = try FileContent.read(path)
            guard content.bytes != nil else {
                state.withLock { $0.stamp = nil }
                warn("\(path) is gone. Put it back, or start F2S again for the defaults.")
                return
            }
            state.withLock { $0.stamp = content.stamp }
            try accept(content.bytes, location: path)
        } catch {
            warn(error.description)
        }
    }

    /// True if the same text may mean other settings than those in force: a file that it refers to has changed, or was
    /// missing.
    private var mayDiffer: Bool {
        let (references, rejection) = state.withLock { ($0.references, $0.rejection) }
        return rejection != nil || references.contains { SettingsFileStamp($0.key) != $0.value }
    }

    /// Validates content and puts it into force.
    private func accept(_ bytes: [UInt8]?, location: String) throws(SettingsError) {
        let reading = try reader.reading(bytes, location: location, environment: environment)
        let wasUsable = state.withLock { state in
            defer { state.isUsable = true }
            state.rejection = nil
            state.references = reading.files
            return state.isUsable
        }
        warn(reading.warnings)
        guard reading.settings != latest.current || !wasUsable else { return }
        latest.publish(reading.settings)
        logger.info("New settings are in force.", metadata: ["source": "\(location)"])
    }

    /// Stores an error, and logs it unless it is the same as before.
    private func warn(_ message: String) {
        let isNew = state.withLock { state in
            defer { state.rejection = message }
            return state.rejection != message
        }
        guard isNew else { return }
        logger.warning("The settings stay as they were.", metadata: ["error": "\(message)"])
    }

    /// Logs each warning only once, regardless of how often the file is read.
    private func warn(_ warnings: [String]) {
        let new = state.withLock { state in
            defer { state.warnings = warnings }
            return warnings.filter { !state.warnings.contains($0) }
        }
        for warning in new { logger.warning("\(warning)", metadata: path.map { ["file": "\($0)"] } ?? [:]) }
    }

    private static let pause = Duration.seconds(1)
}
