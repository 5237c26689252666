import F2SConfig
import F2SModel
import FoundationEssentials
import Glibc
import Logging

/// Writes log lines to standard error, for people or as JSON, as the settings say.
struct SettingsLogHandler: LogHandler {
    private let label: String
    private let output: LogOutput
    private var text: any LogHandler

    /// - Parameter text: writes lines for people.
    init(label: String, text: any LogHandler, output: LogOutput) {
        self.label = label
        self.text = text
        self.output = output
    }

    var logLevel: Logger.Level {
        get { text.logLevel }
        set { text.logLevel = newValue }
    }

    var metadata: Logger.Metadata {
        get { text.metadata }
        set { text.metadata = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { text[metadataKey: key] }
        set { text[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) {
        let time = Date()
        output.write { [self] format in
            switch format {
            case .text: text.log(event: event)
            case .json:
                let line = json(event, at: time)
                // One call per line, so that lines of several threads stay whole.
                Array(line.utf8).withUnsafeBytes { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            }
        }
    }

    /// One JSON object with an end of line.
    private func json(_ event: LogEvent, at time: Date) -> String {
        let values = metadata.merging(event.metadata ?? [:]) { _, own in own }.sorted { $0.key < $1.key }
        let members = values.map { "\($0.key.jsonText):\("\($0.value)".jsonText)" }.joined(separator: ",")
        return "{\"time\":\(time.formatted(Self.time).jsonText),\"level\":\(event.level.rawValue.jsonText),"
            + "\"message\":\("\(event.message)".jsonText),\"logger\":\(label.jsonText)"
            + (values.isEmpty ? "" : ",\"metadata\":{\(members)}") + "}\n"
    }

    /// RFC 3339 in UTC with milliseconds.
    private static let time = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
}
