import F2SModel

extension ChildProcesses {
    /// Detects other programs that listen on the port of a running replica. A process of the same user can do that with
    /// SO_REUSEPORT, and the kernel would give it a part of the replica's connections. One loop serves all replicas; it
    /// ends when none listens.
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
                if sharesPort(process, own) {
                    change { supervisor, moment in supervisor.sharesPort(life.id, at: moment) }
                }
            }
        }
    }

    /// Returns true if one of the sockets on a replica's port belongs to no process of the replica.
    private func sharesPort(_ process: ReplicaLifecycle.Process, _ sockets: [ListeningPort]) -> Bool {
        let inodes = Set(family(of: process).flatMap(ListeningPortTable.socketInodes))
        // If none of the sockets is the replica's, it has just ended or its processes cannot be read.
        return sockets.contains { inodes.contains($0.inode) } && !sockets.allSatisfy { inodes.contains($0.inode) }
    }
}
