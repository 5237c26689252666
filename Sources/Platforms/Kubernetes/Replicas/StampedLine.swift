/// A line of a container's log with the time that the node has noted for it.
struct StampedLine: Sendable, Hashable {
    /// When it was written, seconds since 1970; 0 where nobody has noted that.
    let time: Double
    /// The time as it is written, which is finer than a number of seconds can be: it orders the lines of one container.
    let stamp: String
    /// What was written.
    let text: String

    /// Takes a line apart that begins with its time and a space.
    init(_ line: String) {
        guard let space = line.firstIndex(of: " "), let time = Timestamp(String(line[..<space])) else {
            (time, stamp, text) = (0, "", line)
            return
        }
        self.time = time.seconds
        stamp = String(line[..<space])
        text = String(line[line.index(after: space)...])
    }

    /// The newest lines of several logs as one, oldest first.
    static func merged(_ logs: [[StampedLine]], tail: Int) -> [(log: Int, line: StampedLine)] {
        let all = logs.enumerated().flatMap { log, lines in lines.map { (log: log, line: $0) } }
        // Sorting keeps the order of what has one time, and so that of each log.
        return all.sorted { $0.line.time < $1.line.time }.suffix(tail)
    }
}
