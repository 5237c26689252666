import F2SModel

/// The newest lines of one replica.
struct LogRing {
    /// A line and its position among all log lines that F2S has received.
    struct Entry {
        let sequence: UInt64
        let line: LogLine
    }

    private let linesMax: Int
    private let bytesMax: Int
    private var entries: [Entry] = []
    private var first = 0
    private var bytes = 0

    /// Creates a ring that keeps at most that many lines and bytes, but always the newest line.
    init(linesMax: Int, bytesMax: Int) {
        self.linesMax = max(1, linesMax)
        self.bytesMax = bytesMax
    }

    /// The lines, oldest first.
    var lines: ArraySlice<Entry> { entries[first...] }

    /// Adds a line and drops the oldest lines beyond the limits.
    mutating func append(_ entry: Entry) {
        entries.append(entry)
        bytes += entry.line.text.utf8.count
        while entries.count - first > 1, entries.count - first > linesMax || bytes > bytesMax {
            bytes -= entries[first].line.text.utf8.count
            first += 1
        }
        // The lines are moved only once half of the array is unused, so that adding a line stays cheap.
        if first > 64, first > entries.count / 2 {
            entries.removeFirst(first)
            first = 0
        }
    }
}
