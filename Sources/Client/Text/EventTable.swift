public import F2SModel

/// Events as `f2s events` shows them.
public struct EventTable: Sendable {
    /// The lines with their ends, column titles first.
    public let text: String
    /// The same without the titles.
    public var lines: String { String(text.drop { $0 != "\n" }.dropFirst()) }

    /// A table of events, in the order given.
    /// - Parameter now: seconds since 1970, for ages.
    public init(_ events: [Event], now: Double) {
        var table = TextTable(["AGE", "KIND", "FUNCTION", "REASON", "MESSAGE"])
        for event in events {
            table.add([
                AgeText.text(seconds: now - event.time), event.isWarning ? "Warning" : "Normal", event.function,
                event.reason, event.message,
            ])
        }
        text = table.text
    }
}
