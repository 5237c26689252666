public import F2SModel

/// The table of events that `f2s events` prints.
public struct EventTable: Sendable {
    private let table: TextTable

    /// Creates a table of events, in the given order.
    /// - Parameter now: The current time in seconds since 1970, for the ages.
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

    /// Returns the lines, each with its line end, column titles first.
    public func text(_ layout: TextLayout = .plain) -> String { table.text(layout) }

    /// Returns the lines without the column titles.
    public func lines(_ layout: TextLayout = .plain) -> String { table.rowText(layout) }
}
