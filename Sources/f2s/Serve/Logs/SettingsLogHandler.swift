import F2SConfig
import F2SModel
import F2SSystem
import Logging

/// Writes log lines to standard error, as text or as JSON according to the settings.
struct SettingsLogHandler: LogHandler {
    private let label: String
    private let output: LogOutput
    private let writer: LogWriter
    private var text: any LogHandler

    /// Creates a handler for the log of one component.
    init(label: String, output: LogOutput, writer: LogWriter) {
        self.label = label
        self.output = output
        self.writer = writer
        text = TextLogHandler(label: label, write: writer.write)
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
        let time = SystemClock.secondsSince1970()
        output.write { [self] format in
            switch format {
            case .text: text.log(event: event)
            case .json: writer.write(Array(json(event, at: time).utf8))
            }
        }
    }

    /// Returns one JSON object with a line end.
    private func json(_ event: LogEvent, at time: Double) -> String {
        let values = metadata.merging(event.metadata ?? [:]) { _, own in own }.sorted { $0.key < $1.key }
        let members = values.map { "\($0.key.jsonText):\("\($0.value)".jsonText)" }.joined(separator: ",")
        return "{\"time\":\(TimeText.utc(secondsSince1970: time).jsonText),\"level\":\(event.level.rawValue.jsonText),"
            + "\"message\":\("\(event.message)".jsonText),\"logger\":\(label.jsonText)"
            + (values.isEmpty ? "" : ",\"metadata\":{\(members)}") + "}\n"
    }
}
