import CLinux
import F2SModel
import Glibc

extension ChildProcesses {
    /// When a process that does not listen on its port is asked where else it listens.
    private static let patience = Duration.seconds(1)

    /// Longer ones may be a millisecond late.
    private static let shortPause = Duration.milliseconds(4)

    /// Finds out when processes begin to listen: one loop for all that do not yet. It ends when all do.
    ///
    /// Only a socket that belongs to the replica's own process tree counts. Somebody else may have taken the port
    /// between our test and the replica's `bind`, and must not get its invocations.
    func watchListeners() async {
        var lastSearch: [Replica.ID: Duration] = [:]
        while !Task.isCancelled {
            let silent = silentReplicas()
            guard !silent.isEmpty else { return }
            let ports = silent.compactMap(\.process?.port)
            let range = (ports.min() ?? 1)...(ports.max() ?? 1)
            let listeners = Dictionary(grouping: self.listeners.current(on: range), by: \.port)
            let now = Moment.now.steady
            var shortestWait = Duration.seconds(1)
            for life in silent {
                let wait = now - life.since.steady
                shortestWait = min(shortestWait, wait)
                if look(at: life, among: listeners) { continue }
                if wait > Self.patience, now - (lastSearch[life.id] ?? .zero) > Self.patience {
                    lastSearch[life.id] = now
                    searchElsewhere(life)
                }
            }
            // Looking costs microseconds, and whoever has waited long does not notice a little more.
            let interval = min(max(shortestWait / 16, .microseconds(150)), .milliseconds(20))
            if interval < Self.shortPause {
                await children.pause(interval)
            } else {
                try? await Task.sleep(for: interval, tolerance: .zero)
            }
        }
    }

    /// Whether the replica listens on its port.
    private func look(at life: ReplicaLife, among listeners: [Int: [Listener]]) -> Bool {
        guard let process = life.process, let candidates = listeners[process.port] else { return false }
        for descendant in family(of: process) {
            let inodes = ListenerTable.socketInodes(of: descendant)
            let own = candidates.filter { inodes.contains($0.inode) }
            guard let listener = own.first(where: \.isPreferred) ?? own.first else { continue }
            let address = Replica.Address(ip: listener.ip, port: listener.port)
            change { book, moment in
                book.listens(life.id, on: address, processID: Int(descendant), at: moment)
            }
            return true
        }
        return false
    }

    /// The processes of a replica: its command, what descends from it, and then those whose parents have ended, which
    /// are the launcher's children. It looks no further than it is asked to.
    func family(of process: ReplicaLife.Process) -> some Sequence<Int32> {
        let steps: [@Sendable () -> [Int32]] = [
            { [process.command] }, { ListenerTable.descendants(of: process.command) },
            { [children] in
                guard let launcher = children.launcher else { return [] }
                let strays = ListenerTable.children(of: launcher).filter {
                    $0 != process.command && f2s_mark($0) == process.mark
                }
                return strays.flatMap { [$0] + ListenerTable.descendants(of: $0) }
            },
        ]
        return steps.lazy.flatMap { step in step() }
    }

    /// Looks for other ports that the replica listens on, and says so once in its log.
    private func searchElsewhere(_ life: ReplicaLife) {
        guard let process = life.process else { return }
        let inodes = Set(family(of: process).flatMap(ListenerTable.socketInodes))
        guard !inodes.isEmpty else { return }
        let ports = listeners.current().filter { inodes.contains($0.inode) }.map(\.port)
        let others = Array(Set(ports)).sorted()
        guard !others.isEmpty, others != life.otherPorts else { return }
        let list = others.map { "\($0)" }.joined(separator: ", ")
        logs.write(
            ["listens on port \(list), but must listen on $PORT, which is \(process.port)"], source: "f2s",
            of: life.id, of: life.launch.function, at: Moment.now.wall)
        change { book, _ in book.listensElsewhere(life.id, on: others) }
    }
}
