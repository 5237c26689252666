import F2SModel
import F2SSystem
import Logging

/// Writes log lines as text for people: time, level, message, then the metadata as `name=value`, then the label.
///
///     2026-11-28T05:51:21.301Z warning Function hello has a problem. reason=StartFailed (operator)
struct TextLogHandler: LogHandler {
    private let label: String
    private let write: @Sendable ([UInt8]) -> Void
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]

    /// Creates a handler for the log of one component. `write` receives complete lines.
    init(label: String, write: @escaping @Sendable ([UInt8]) -> Void) {
        self.label = label
        self.write = write
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let line = Self.line(
            at: SystemClock.secondsSince1970(), event.level, "\(event.message)",
            metadata.merging(event.metadata ?? [:]) { _, own in own }, label: label)
        write(Array(line.utf8))
    }

    /// Returns the line with its line end. Control characters are escaped, because the text may come from others.
    static func line(
        at time: Double, _ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata, label: String
    ) -> String {
        let values = metadata.sorted { $0.key < $1.key }.map { " \($0.key)=\(quoted("\($0.value)"))" }.joined()
        return "\(TimeText.utc(secondsSince1970: time)) \(level) \(message.printable)\(values) (\(label))\n"
    }

    /// Returns the value, in quotes if it is empty or contains spaces or quotes, so that its end is visible.
    private static func quoted(_ value: String) -> String {
        let text = value.printable
        return text.isEmpty || text.contains(where: { $0 == " " || $0 == "\"" }) ? text.jsonText : text
    }
}
