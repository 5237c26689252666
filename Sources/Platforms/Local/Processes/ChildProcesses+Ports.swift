import F2SModel

extension ChildProcesses {
    /// Notices when another program listens on the port of a replica that runs, which a process of the same user can do
    /// with SO_REUSEPORT: the kernel would give it a part of the replica's connections. One loop for all replicas,
    /// which ends when none runs.
    func watchPorts() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: options.portInterval, tolerance: options.portInterval / 4)
            let listening = listeningReplicas()
            guard !listening.isEmpty else { return }
            let ports = listening.compactMap(\.process?.port)
            guard let first = ports.min(), let last = ports.max() else { continue }
            let found = Dictionary(grouping: listeners.current(on: first...last), by: \.port)
            for life in listening {
                guard let process = life.process, let own = found[process.port], own.count > 1 else { continue }
                if sharesPort(process, own) { change { book, moment in book.sharesPort(life.id, at: moment) } }
            }
        }
    }

    /// Whether one of the sockets on a replica's port is of no process of the replica.
    private func sharesPort(_ process: ReplicaLife.Process, _ sockets: [Listener]) -> Bool {
        let inodes = Set(family(of: process).flatMap(ListenerTable.socketInodes))
        // Without any of its own, the replica has just ended, or its processes cannot be looked at.
        return sockets.contains { inodes.contains($0.inode) } && !sockets.allSatisfy { inodes.contains($0.inode) }
    }
}
