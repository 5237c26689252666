import CLinux
import F2SModel
import F2SSystem
import Glibc

extension ChildProcesses {
    /// The time after which F2S searches for other ports of a process that does not listen on its own port, and the
    /// time between two such searches.
    private static let gracePeriod = Duration.seconds(1)

    /// The pauses below this time are precise. Longer ones may end a millisecond late.
    private static let shortPause = Duration.milliseconds(4)

    /// Detects when processes begin to listen. One loop serves all processes; it ends when all of them listen.
    ///
    /// Only a socket that belongs to the replica's own process tree counts. Another program may have bound the port
    /// between F2S's test and the replica's `bind`, and must not get the replica's invocations.
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
                if check(at: life, among: listeners) { continue }
                if wait > Self.gracePeriod, now - (lastSearch[life.id] ?? .zero) > Self.gracePeriod {
                    lastSearch[life.id] = now
                    searchElsewhere(life)
                }
            }
            // A check costs microseconds. After a long wait, a slightly longer one makes no difference.
            let interval = min(max(shortestWait / 16, .microseconds(150)), .milliseconds(20))
            if interval < Self.shortPause {
                await children.pause(interval)
            } else {
                try? await Task.sleep(for: interval, tolerance: .zero)
            }
        }
    }

    /// Returns true, and records the address, if the replica listens on its port.
    private func check(at life: ReplicaLifecycle, among listeners: [Int: [ListeningPort]]) -> Bool {
        guard let process = life.process, let candidates = listeners[process.port] else { return false }
        for descendant in family(of: process) {
            let inodes = ListeningPortTable.socketInodes(of: descendant)
            let own = candidates.filter { inodes.contains($0.inode) }
            guard let listener = own.first(where: \.isPreferred) ?? own.first else { continue }
            let address = Replica.Address(ip: listener.ip, port: listener.port)
            change { supervisor, moment in
                supervisor.listens(life.id, on: address, processID: Int(descendant), at: moment)
            }
            return true
        }
        return false
    }

    /// Returns the processes of a replica lazily: its command, the descendants of the command, and then the processes
    /// whose parents have ended, which are children of the launcher.
    func family(of process: ReplicaLifecycle.Process) -> some Sequence<Int32> {
        let steps: [@Sendable () -> [Int32]] = [
            { [process.command] }, { ListeningPortTable.descendants(of: process.command) },
            { [children] in
                guard let launcher = children.launcher else { return [] }
                let strays = ListeningPortTable.children(of: launcher).filter {
                    $0 != process.command && f2s_mark($0) == process.mark
                }
                return strays.flatMap { [$0] + ListeningPortTable.descendants(of: $0) }
            },
        ]
        return steps.lazy.flatMap { step in step() }
    }

    /// Searches for other ports on which the replica listens, and writes a change of them to its log.
    private func searchElsewhere(_ life: ReplicaLifecycle) {
        guard let process = life.process else { return }
        let inodes = Set(family(of: process).flatMap(ListeningPortTable.socketInodes))
        guard !inodes.isEmpty else { return }
        let ports = listeners.current().filter { inodes.contains($0.inode) }.map(\.port)
        let others = Array(Set(ports)).sorted()
        guard !others.isEmpty, others != life.otherPorts else { return }
        let list = others.map { "\($0)" }.joined(separator: ", ")
        logs.write(
            ["the replica listens on port \(list), but must listen on $PORT, which is \(process.port)"], source: "f2s",
            of: life.id, of: life.launch.function, at: Moment.now.wall)
        change { supervisor, _ in supervisor.listensElsewhere(life.id, on: others) }
    }
}

extension ChildProcesses {
    /// The time between two scans of the folders of functions that wait for their next attempt.
    private static let repairInterval = Duration.milliseconds(500)

    /// Starts a function that could not start again as soon as a file in its folder changes. One loop serves all
    /// functions; it ends when none waits.
    func watchRepairs() async {
        var seen: [Function.ID: (folder: String, state: FolderState)] = [:]
        while !Task.isCancelled {
            let folders = foldersToRepair()
            guard !folders.isEmpty else { return }
            seen = seen.filter { folders[$0.key] == $0.value.folder }
            for (id, folder) in folders {
                // If the file system does not respond, the state of the folder is unknown.
                guard let state = try? await files.run(within: .seconds(5), { FolderState(folder) }) else { continue }
                if let before = seen[id], before.state != state {
                    seen[id] = nil
                    change { supervisor, moment in supervisor.repaired(id, at: moment) }
                } else {
                    seen[id] = (folder, state)
                }
            }
            try? await Task.sleep(for: Self.repairInterval)
        }
    }
}
