/// What Linux says about a process in `/proc/[pid]/stat` and `/proc/[pid]/statm` (proc(5)).
struct ProcessStatistics: Sendable, Hashable {
    /// Processor time used, user and system, in clock ticks.
    let cpuTicks: UInt64
    /// When it began, in clock ticks since the machine did.
    let startTicks: UInt64
    /// Memory that it holds, in pages.
    let residentPages: UInt64

    /// Reads the two texts; `nil` when either is not as proc(5) says.
    init?(stat: String, statm: String) {
        // The second field is the program's name in parentheses; it may itself hold spaces and parentheses.
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

    /// When the machine began, in seconds since 1970, from `/proc/stat`.
    static func bootTime(machineStat: String) -> UInt64? {
        for line in machineStat.split(separator: "\n") where line.hasPrefix("btime ") {
            return UInt64(line.dropFirst("btime ".count))
        }
        return nil
    }
}
