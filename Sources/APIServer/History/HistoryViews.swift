import F2SModel

/// One declaration in the list of a function's history.
struct HistoryItemView: Encodable, Sendable, Hashable {
    let generation: Int
    /// The time of the change; `nil` if it is not known.
    let changedAt: String?
    /// The caller or program that has declared it; `nil` if it is not known.
    let changedBy: String?
    let revision: String
    let isCurrent: Bool
    /// True if replicas of its revision are ready.
    let isServing: Bool
    /// True if a replica of it became ready once.
    let hasServed: Bool

    /// - Parameters:
    ///   - current: The number of the current declaration.
    ///   - ready: The revisions of the ready replicas.
    init(_ record: DeclarationRecord, current: Int, ready: Set<Revision>) {
        generation = record.generation
        changedAt = record.changedAt.map { TimeText.utc(secondsSince1970: $0) }
        changedBy = record.changedBy
        revision = record.revision
        isCurrent = record.generation == current
        isServing = ready.contains(Revision(text: record.revision))
        hasServed = record.hasServed || isServing
    }

    private enum Key: String, CodingKey {
        case generation, changedAt, changedBy, revision, isCurrent, isServing, hasServed
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(generation, forKey: .generation)
        // Values that are not known are null.
        try container.encode(changedAt, forKey: .changedAt)
        try container.encode(changedBy, forKey: .changedBy)
        try container.encode(revision, forKey: .revision)
        try container.encode(isCurrent, forKey: .isCurrent)
        try container.encode(isServing, forKey: .isServing)
        try container.encode(hasServed, forKey: .hasServed)
    }
}

extension FunctionHistory {
    /// The declarations as the API lists them, newest first.
    func items(current: Int, ready: Set<Revision>) -> [HistoryItemView] {
        records.reversed().map { HistoryItemView($0, current: current, ready: ready) }
    }
}
