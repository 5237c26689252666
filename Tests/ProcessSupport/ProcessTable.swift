package import Glibc

/// The processes of this machine, read from `/proc`.
package enum ProcessTable {
    /// A process. Its start time distinguishes it from a later process with the same id.
    package struct Entry: Hashable, Sendable {
        package let id: pid_t
        package let parent: pid_t
        package let isZombie: Bool
        /// The start time, in clock ticks since the machine booted.
        package let started: UInt64
    }

    /// Returns the entry of a process, or `nil` if there is no such process.
    package static func entry(_ id: pid_t) -> Entry? {
        // The name stands in parentheses and may contain any character, so the fields are counted from the last `)`.
        guard let text = try? Files.read("/proc/\(id)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[end...].dropFirst(2).split(separator: " ")
        guard fields.count > 19, let parent = pid_t(fields[1]), let started = UInt64(fields[19]) else { return nil }
        return Entry(id: id, parent: parent, isZombie: fields[0] == "Z", started: started)
    }

    package static func all() -> [Entry] { Files.names(in: "/proc").compactMap { pid_t($0) }.compactMap { entry($0) } }

    /// Returns all descendants of a process, including zombies.
    package static func descendants(of ancestor: pid_t) -> [Entry] {
        let children = Dictionary(grouping: all(), by: \.parent)
        var found: [Entry] = []
        var open = [ancestor]
        while let next = open.popLast() {
            for child in children[next] ?? [] {
                found.append(child)
                open.append(child.id)
            }
        }
        return found
    }

    /// Returns the entries that still run. A zombie does not run: it only waits to be reaped by its parent.
    package static func running(_ entries: [Entry]) -> [Entry] {
        entries.filter { known in
            guard let now = entry(known.id) else { return false }
            return now.started == known.started && !now.isZombie
        }
    }

    /// Returns a size from `/proc/ID/status`, such as `VmRSS` or `VmHWM`, in KiB.
    package static func kibibytes(_ field: String, of id: pid_t) throws -> Int {
        for line in try Files.read("/proc/\(id)/status").split(separator: "\n") where line.hasPrefix("\(field):") {
            if let number = line.split(whereSeparator: { " \t".contains($0) }).dropFirst().first {
                return Int(number) ?? 0
            }
        }
        return 0
    }

    /// Returns the number of descriptors that a process holds open.
    package static func descriptors(of id: pid_t) -> Int { Files.names(in: "/proc/\(id)/fd").count }
}
