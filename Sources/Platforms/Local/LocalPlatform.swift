public import F2SModel
import Glibc
public import Logging
public import ServiceLifecycle

/// F2S on one machine and nothing else: a folder of manifests as the store, child processes as replicas.
public final class LocalPlatform: Service, Sendable {
    private let directory: ManifestDirectory
    private let children: ChildProcesses
    private let journal: EventJournal

    /// A platform that does nothing before ``run()``.
    /// - Throws: when the process has no descriptors left.
    public init(_ options: LocalOptions, logger: Logger) throws {
        journal = EventJournal(eventsMax: options.eventsMax)
        directory = ManifestDirectory(options, logger: logger)
        let range = PortPool.range(besides: Self.kernelPortRange())
        let ports = PortPool(range: range, start: Int.random(in: range))
        children = try ChildProcesses(options, ports: ports, events: journal, logger: logger)
    }

    /// The ports that the rest of F2S uses.
    public var platform: Platform {
        Platform(
            name: "local", functions: directory, replicas: children, election: AlwaysLeader(), peers: NoPeers(),
            events: journal)
    }

    /// Absolute path of the folder that is served.
    public var folder: String { directory.folder }

    /// Returns once the folder has been read for the first time; ``run()`` must have been called.
    public func waitUntilLoaded() async { await directory.waitUntilLoaded() }

    /// Watches the folder and runs replicas. On graceful shutdown every replica gets SIGTERM and its time, side by
    /// side; on cancellation all are killed. Either way, none is left when this returns.
    public func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskGroup { group in
                group.addTask { await self.directory.run() }
                await children.run()
                group.cancelAll()
            }
        } onGracefulShutdown: {
            self.stop()
        }
    }

    /// Ends every replica; ``run()`` returns when they have ended.
    func stop() { children.close() }

    private static func kernelPortRange() -> String {
        let text = try? ManifestFile.read("/proc/sys/net/ipv4/ip_local_port_range", bytesMax: 256)
        return String(decoding: text ?? [], as: UTF8.self)
    }
}
