/// The histories of many functions within a bound. Pure: no I/O and no clock.
///
/// If the bound is exceeded, the histories that were changed least recently are forgotten as a whole.
public struct HistoryCollection: Sendable {
    private struct Entry {
        var history: FunctionHistory
        var bytes: Int
        /// The number of the last change of the entry.
        var change: UInt64
    }

    /// The maximum size of all manifests together, in bytes. A single history may exceed it.
    public static let bytesMax = 8 << 20

    private let bytesMax: Int
    private var entries: [Function.ID: Entry] = [:]
    private var bytes = 0
    private var changes: UInt64 = 0

    /// Creates an empty collection.
    public init(bytesMax: Int = Self.bytesMax) { self.bytesMax = bytesMax }

    /// The history of a function. It is empty if none is remembered, and setting an empty one forgets it.
    public subscript(id: Function.ID) -> FunctionHistory {
        get { entries[id]?.history ?? FunctionHistory() }
        set {
            if let old = entries.removeValue(forKey: id) { bytes -= old.bytes }
            guard !newValue.records.isEmpty else { return }
            changes += 1
            let entry = Entry(history: newValue, bytes: newValue.bytes, change: changes)
            entries[id] = entry
            bytes += entry.bytes
            while bytes > bytesMax, entries.count > 1 { forgetOldest() }
        }
    }

    /// The functions whose histories are remembered.
    public var functions: Set<Function.ID> { Set(entries.keys) }

    private mutating func forgetOldest() {
        guard let oldest = entries.min(by: { $0.value.change < $1.value.change }) else { return }
        bytes -= oldest.value.bytes
        entries[oldest.key] = nil
    }
}
