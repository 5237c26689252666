import F2SMetrics
import F2SModel

/// The differences that a client of the overview has not received yet.
struct OverviewChanges: Sendable, Encodable {
    /// The named functions that differ from what was sent before.
    var items: [OverviewRow]
    /// The names that are no longer declared, or were never.
    var removed: [String]
    /// The number of functions that the caller may read.
    var total: Int
    /// These functions by state.
    var counts: OverviewCounts
}

/// Follows some functions of the overview for one client. It remembers what the client has received.
struct OverviewWatch: Sendable {
    /// The maximum number of functions that a client may name.
    static let namesMax = 500

    private let names: [FunctionName]
    private let principal: Principal
    private var sent: [FunctionName: OverviewRow] = [:]
    private var counts: OverviewCounts?
    private var revision: UInt64 = 0
    private var step = 0

    /// Creates a watch of a client that has received nothing.
    init(_ names: [FunctionName], for principal: Principal) {
        self.names = names
        self.principal = principal
    }

    /// Returns what has changed since the last call; everything at the first call.
    /// - Returns: `nil` if nothing has changed.
    mutating func changes(in index: OverviewIndex, _ series: TimeSeriesStore) -> OverviewChanges? {
        guard counts == nil || index.revision != revision || series.current != step else { return nil }
        (revision, step) = (index.revision, series.current)
        let isFirst = counts == nil
        let counts = index.counts(for: principal)
        var changes = OverviewChanges(items: [], removed: [], total: counts.total, counts: counts)
        for name in names {
            if let row = index.row(of: name, for: principal, series) {
                if sent.updateValue(row, forKey: name) != row { changes.items.append(row) }
            } else if sent.removeValue(forKey: name) != nil || isFirst {
                changes.removed.append(name.text)
            }
        }
        guard counts != self.counts || !changes.items.isEmpty || !changes.removed.isEmpty else { return nil }
        self.counts = counts
        return changes
    }
}
