import F2SModel

/// The newest lines of one replica.
struct LogRing {
    /// A line and its place among all lines of the process.
    struct Entry {
        let sequence: UInt64
        let line: LogLine
    }

    private let linesMax: Int
    private let bytesMax: Int
    private var entries: [Entry] = []
    private var first = 0
    private var bytes = 0

    /// Keeps at most so many lines and bytes, but always the newest line.
    init(linesMax: Int, bytesMax: Int) {
        self.linesMax = max(1, linesMax)
        self.bytesMax = bytesMax
    }

    /// The lines, oldest first.
    var lines: ArraySlice<Entry> { entries[first...] }

    /// Adds a line; the oldest ones make room.
    mutating func append(_ entry: Entry) {
        entries.append(entry)
        bytes += entry.line.text.utf8.count
        while entries.count - first > 1, entries.count - first > linesMax || bytes > bytesMax {
            bytes -= entries[first].line.text.utf8.count
            first += 1
        }
        // Moving the lines down only once half of the array is forgotten keeps adding cheap.
        if first > 64, first > entries.count / 2 {
            entries.removeFirst(first)
            first = 0
        }
    }
}
