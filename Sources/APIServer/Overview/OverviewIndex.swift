import F2SMetrics
import F2SModel

/// The declared functions in alphabetical order, each with its state.
///
/// A value without I/O. An update applies only what has changed, and a page creates rows only for the functions that it
/// shows, so that ten thousand functions are sorted and counted in a few milliseconds.
struct OverviewIndex: Sendable {
    /// One function, and the parts of its health by which functions are counted and sorted.
    private struct Entry {
        let function: Function
        let state: FunctionHealth.State
        let ready: Int
    }

    /// The maximum number of rejections in a page.
    static let rejectionsMax = 20
    /// The number of new and removed functions above which the entries are sorted again instead of moved one by one.
    private static let insertionsMax = 64

    /// The number of updates that changed something.
    private(set) var revision: UInt64 = 0
    /// In the order of names. Functions with one name, which exist only while one replaces the other, are in the order
    /// of their identities.
    private var entries: [Entry] = []
    private var functions = FunctionSnapshot()
    private var replicas = ReplicaSnapshot()

    // MARK: Updates

    /// Applies the newest declarations, statuses and replicas.
    mutating func update(to newest: FunctionSnapshot, _ newestReplicas: ReplicaSnapshot) {
        let changes = newest.changes(since: functions)
        let moved = newestReplicas.changes(since: replicas)
        let hasRejections = newest.rejections != functions.rejections
        (functions, replicas) = (newest, newestReplicas)
        guard !changes.isEmpty || !moved.isEmpty || hasRejections else { return }
        revision &+= 1
        guard changes.declared.count + changes.removed.count <= Self.insertionsMax else { return sort() }
        for function in changes.removed { remove(function) }
        for function in changes.declared + changes.updated { set(function) }
        for id in changes.rerouted.union(moved) { functions.function(of: id).map { set($0) } }
        if entries.count != functions.functions.count { sort() }
    }

    private mutating func sort() {
        entries = functions.functions.map { entry(of: $0) }.sorted { Self.isBefore($0, $1.function) }
    }

    private mutating func set(_ function: Function) {
        let position = position(of: function)
        let entry = entry(of: function)
        if position < entries.count, entries[position].function.id == function.id {
            entries[position] = entry
        } else {
            entries.insert(entry, at: position)
        }
    }

    private mutating func remove(_ function: Function) {
        let position = position(of: function)
        guard position < entries.count, entries[position].function.id == function.id else { return }
        entries.remove(at: position)
    }

    private func entry(of function: Function) -> Entry {
        let health = health(of: function)
        return Entry(function: function, state: health.state, ready: health.ready)
    }

    private func health(of function: Function) -> FunctionHealth {
        FunctionHealth(
            of: function, replicas[function.id], routeHolder: functions.routeHolder(of: function)?.name)
    }

    private func position(of function: Function) -> Int {
        entries.partitioningIndex { !Self.isBefore($0, function) }
    }

    private static func isBefore(_ entry: Entry, _ function: Function) -> Bool {
        (entry.function.name, entry.function.id) < (function.name, function.id)
    }

    // MARK: Reading

    /// Returns the page that a query asks for, of the functions that the caller may read.
    func page(_ query: OverviewQuery, for principal: Principal, _ series: TimeSeriesStore) -> OverviewPage {
        let seesAll = principal.may(.list)
        var page = OverviewPage(
            total: 0, matching: 0, offset: query.offset, counts: OverviewCounts(), items: [],
            rejections: seesAll ? functions.rejections.prefix(Self.rejectionsMax).map { OverviewRejection($0) } : [])
        var matching: [Int] = []
        for (position, entry) in entries.enumerated() where seesAll || mayRead(entry, principal) {
            page.total += 1
            guard matches(entry.function, query.filter) else { continue }
            page.counts.count(entry.state)
            if query.state == nil || query.state == entry.state { matching.append(position) }
        }
        page.matching = matching.count
        let shown = sorted(matching, by: query, series).dropFirst(query.offset)
        page.items = shown.map { row(of: entries[$0].function, series) }
        return page
    }

    /// Returns the numbers of functions that the caller may read, by state.
    func counts(for principal: Principal) -> OverviewCounts {
        let seesAll = principal.may(.list)
        return entries.reduce(into: OverviewCounts()) { counts, entry in
            if seesAll || mayRead(entry, principal) { counts.count(entry.state) }
        }
    }

    /// Returns the row of a function; `nil` if it is not declared, or if the caller may not read it.
    func row(of name: FunctionName, for principal: Principal, _ series: TimeSeriesStore) -> OverviewRow? {
        let position = entries.partitioningIndex { $0.function.name >= name }
        guard position < entries.count, entries[position].function.name == name,
            mayRead(entries[position], principal)
        else { return nil }
        return row(of: entries[position].function, series)
    }

    private func row(of function: Function, _ series: TimeSeriesStore) -> OverviewRow {
        OverviewRow(function, health(of: function), series.traffic(of: function.id))
    }

    private func mayRead(_ entry: Entry, _ principal: Principal) -> Bool {
        principal.may(.list, on: entry.function.name.text)
    }

    private func matches(_ function: Function, _ filter: TextFilter) -> Bool {
        filter.matches(function.name.text) || filter.matches(function.route.path)
            || filter.matches(function.draft.summary)
    }

    /// Returns the positions up to the end of the page, in the order of the query.
    private func sorted(_ positions: [Int], by query: OverviewQuery, _ series: TimeSeriesStore) -> [Int] {
        switch query.sort {
        case .name:
            let ordered = query.order == .ascending ? positions : positions.reversed()
            return Array(ordered.prefix(query.offset + query.limit))
        case .endpoint: return sorted(positions, query) { $0.function.route.path }
        case .state: return sorted(positions, query) { $0.state.urgency }
        case .replicas: return sorted(positions, query) { $0.ready }
        case .rate: return sorted(positions, query) { series.rate(of: $0.function.id) }
        case .p95: return sorted(positions, query) { series.p95(of: $0.function.id) }
        case .coldStart: return sorted(positions, query) { series.coldStart(of: $0.function.id) }
        }
    }

    private func sorted<Key: Comparable>(
        _ positions: [Int], _ query: OverviewQuery, by key: (Entry) -> Key?
    ) -> [Int] {
        let isAscending = query.order == .ascending
        let keyed = positions.map { (position: $0, key: key(entries[$0])) }
        let first = keyed.min(count: query.offset + query.limit) { left, right in
            switch (left.key, right.key) {
            case (let one?, let other?) where one != other: isAscending ? one < other : one > other
            case (nil, .some): false
            case (.some, nil): true
            // The positions are in the order of names.
            default: left.position < right.position
            }
        }
        return first.map(\.position)
    }
}

extension FunctionHealth.State {
    /// The position in the order of states: 0 for the most urgent.
    fileprivate var urgency: Int {
        switch self {
        case .attention: 0
        case .starting: 1
        case .ready: 2
        case .idle: 3
        }
    }
}
