public import F2SModel

/// Events as `f2s events` shows them.
public struct EventTable: Sendable {
    private let table: TextTable

    /// A table of events, in the order given.
    /// - Parameter now: seconds since 1970, for ages.
    public init(_ events: [Event], now: Double) {
        var table = TextTable(["AGE", "KIND", "FUNCTION", "REASON", "MESSAGE"])
        for event in events {
            table.add(cells: [
                .init(AgeText.text(seconds: now - event.time)),
                .init(event.isWarning ? "Warning" : "Normal", event.isWarning ? .warning : .plain),
                .init(event.function), .init(event.reason), .init(event.message),
            ])
        }
        self.table = table
    }

    /// The lines with their ends, column titles first.
    public func text(_ layout: TextLayout = .plain) -> String { table.text(layout) }

    /// The same without the titles.
    public func lines(_ layout: TextLayout = .plain) -> String { table.rowText(layout) }
}
