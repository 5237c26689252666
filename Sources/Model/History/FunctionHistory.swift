/// The last declarations of one function. Pure: no I/O and no clock.
///
/// The newest declaration and the last good one are always kept. Others are kept within the bounds, the newest first.
public struct FunctionHistory: Sendable, Hashable, Codable {
    /// The maximum number of declarations.
    public static let recordsMax = 20
    /// The maximum size of all manifests, in bytes. The newest declaration and the last good one may exceed it.
    public static let bytesMax = 1 << 20

    /// The declarations, oldest first.
    public private(set) var records: [DeclarationRecord] = []

    /// Creates a history.
    /// - Parameter records: The declarations, oldest first.
    public init(_ records: [DeclarationRecord] = []) {
        for record in records { add(record) }
    }

    /// The newest declaration of which a replica became ready: the one to restore if the current one fails.
    public var lastGood: DeclarationRecord? { records.last { $0.hasServed } }

    /// The size of all manifests together, in bytes.
    public var bytes: Int { records.reduce(0) { $0 + $1.manifest.utf8.count } }

    /// Returns the declaration with this number; `nil` if it is not remembered.
    public func record(of generation: Int) -> DeclarationRecord? { records.first { $0.generation == generation } }

    /// Adds a declaration as the newest one. If the same declaration is the newest one already, both are joined, and
    /// what is known of it stays known. Other declarations with the same number or a higher one are forgotten, because
    /// they belong to an earlier count.
    public mutating func add(_ record: DeclarationRecord) {
        var record = record
        if let last = records.last, last.generation == record.generation, last.storeRevision == record.storeRevision {
            record.hasServed = record.hasServed || last.hasServed
            if last.changedBy != nil || record.changedAt == nil {
                record.changedAt = last.changedAt
                record.changedBy = last.changedBy
            }
        }
        records.removeAll { $0.generation >= record.generation }
        records.append(record)
        trim()
    }

    /// Records that a replica of a declaration became ready.
    /// - Returns: False if that is known, or if the declaration is not remembered.
    public mutating func markServed(_ generation: Int) -> Bool {
        guard let index = records.firstIndex(where: { $0.generation == generation }), !records[index].hasServed else {
            return false
        }
        records[index].hasServed = true
        return true
    }

    private mutating func trim() {
        let good = lastGood?.generation
        var (count, bytes) = (records.count, bytes)
        var kept: [DeclarationRecord] = []
        for (index, record) in records.enumerated() {
            let isFull = count > Self.recordsMax || bytes > Self.bytesMax
            if isFull, index < records.count - 1, record.generation != good {
                count -= 1
                bytes -= record.manifest.utf8.count
            } else {
                kept.append(record)
            }
        }
        records = kept
    }
}
