/// The statistics of a process in `/proc/[pid]/stat` and `/proc/[pid]/statm` (proc(5)).
struct ProcessStatistics: Sendable, Hashable {
    /// The processor time used, user and system, in clock ticks.
    let cpuTicks: UInt64
    /// The start time, in clock ticks since the start of the machine.
    let startTicks: UInt64
    /// The resident memory, in pages.
    let residentPages: UInt64

    /// Parses the two texts; `nil` if either does not have the format of proc(5).
    init?(stat: String, statm: String) {
        // The second field is the program's name in parentheses, which may itself contain spaces and parentheses.
        guard let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: end)...].split(whereSeparator: \.isWhitespace)
        let pages = statm.split(whereSeparator: \.isWhitespace)
        // Counted from the third field: utime is field 14, stime 15, starttime 22.
        guard fields.count > 19, pages.count > 1, let user = UInt64(fields[11]), let system = UInt64(fields[12]),
            let start = UInt64(fields[19]), let resident = UInt64(pages[1])
        else { return nil }
        cpuTicks = user + system
        startTicks = start
        residentPages = resident
    }

    /// Returns the start time of the machine from `/proc/stat`, in seconds since 1970.
    static func bootTime(machineStat: String) -> UInt64? {
        for line in machineStat.split(separator: "\n") where line.hasPrefix("btime ") {
            return UInt64(line.dropFirst("btime ".count))
        }
        return nil
    }
}
