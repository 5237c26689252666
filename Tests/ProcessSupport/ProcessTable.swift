package import Glibc

/// What /proc says.
package enum ProcessTable {
    /// A process that cannot be mistaken for a later one of the same number.
    package struct Entry: Hashable, Sendable {
        package let id: pid_t
        package let parent: pid_t
        package let isZombie: Bool
        /// Clock ticks since the machine has started.
        package let started: UInt64
    }

    /// The entry of a process; `nil`: there is none.
    package static func entry(_ id: pid_t) -> Entry? {
        // The name is in parentheses and may hold anything, so fields are counted from the last one.
        guard let text = try? Files.read("/proc/\(id)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[end...].dropFirst(2).split(separator: " ")
        guard fields.count > 19, let parent = pid_t(fields[1]), let started = UInt64(fields[19]) else { return nil }
        return Entry(id: id, parent: parent, isZombie: fields[0] == "Z", started: started)
    }

    package static func all() -> [Entry] { Files.names(in: "/proc").compactMap { pid_t($0) }.compactMap { entry($0) } }

    /// Everything that descends from a process, zombies too.
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

    /// Those of the entries that still run. A zombie runs no more: it waits for its parent only.
    package static func running(_ entries: [Entry]) -> [Entry] {
        entries.filter { known in
            guard let now = entry(known.id) else { return false }
            return now.started == known.started && !now.isZombie
        }
    }

    /// A size from /proc/ID/status in KiB: `VmRSS`, `VmHWM`.
    package static func kibibytes(_ field: String, of id: pid_t) throws -> Int {
        for line in try Files.read("/proc/\(id)/status").split(separator: "\n") where line.hasPrefix("\(field):") {
            if let number = line.split(whereSeparator: { " \t".contains($0) }).dropFirst().first {
                return Int(number) ?? 0
            }
        }
        return 0
    }

    /// Descriptors that a process holds open.
    package static func descriptors(of id: pid_t) -> Int { Files.names(in: "/proc/\(id)/fd").count }
}
