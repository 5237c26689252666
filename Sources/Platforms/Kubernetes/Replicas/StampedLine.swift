/// A line of a container's log with the time that the node has recorded for it.
struct StampedLine: Sendable, Hashable {
    /// Time at which it was written, in seconds since 1970; 0 if the log contains no time.
    let time: Double
    /// The time as text. It is more precise than ``time``, and orders the lines of one container.
    let stamp: String
    /// The text of the line.
    let text: String

    /// Parses a line that begins with its time and a space.
    init(_ line: String) {
        guard let space = line.firstIndex(of: " "), let time = Timestamp(String(line[..<space])) else {
            (time, stamp, text) = (0, "", line)
            return
        }
        self.time = time.seconds
        stamp = String(line[..<space])
        text = String(line[line.index(after: space)...])
    }

    /// Merges several logs and returns their newest lines, oldest first.
    static func merged(_ logs: [[StampedLine]], tail: Int) -> [(log: Int, line: StampedLine)] {
        let all = logs.enumerated().flatMap { log, lines in lines.map { (log: log, line: $0) } }
        // The sort is stable, so lines of one log with the same time keep their order.
        return all.sorted { $0.line.time < $1.line.time }.suffix(tail)
    }
}
