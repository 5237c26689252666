public import F2SModel
import F2SSystem
import Glibc
public import Logging
public import ServiceLifecycle

/// The platform for one machine without Kubernetes: a folder of manifests is the store, child processes are replicas.
public final class LocalPlatform: Service, Sendable {
    private let directory: ManifestDirectory
    private let children: ChildProcesses
    private let journal: EventJournal
    /// The API tokens.
    public let tokens: TokenFile

    /// Creates a platform that does nothing until ``run()`` is called.
    /// - Throws: An error if the process has no free file descriptor.
    public init(_ options: LocalOptions, logger: Logger) throws {
        journal = EventJournal(eventsMax: options.eventsMax)
        directory = ManifestDirectory(options, logger: logger)
        tokens = TokenFile(path: options.tokenFile, logger: logger)
        let range = PortPool.range(besides: Self.kernelPortRange())
        let ports = PortPool(range: range, start: Int.random(in: range))
        children = try ChildProcesses(options, ports: ports, events: journal, logger: logger)
    }

    /// The platform as the rest of F2S uses it.
    public var platform: Platform {
        Platform(
            name: "local", functions: directory, replicas: children, election: AlwaysLeader(), peers: NoPeers(),
            events: journal)
    }

    /// The histories of the functions.
    public var archive: any DeclarationArchive { directory.history }

    /// The absolute path of the folder of manifests.
    public var folder: String { directory.folder }

    /// Starts the launcher, a program of its own, so that the first replica need not wait for it. Without this, the
    /// first replica starts it.
    public func prepareReplicas() { children.startLauncher() }

    /// Returns once the folder has been read for the first time. ``run()`` must have been called.
    public func waitUntilLoaded() async { await directory.waitUntilLoaded() }

    /// Watches the folder and runs replicas. On graceful shutdown, all replicas get SIGTERM at once and may use their
    /// stop timeouts; on cancellation, all are killed. No replica is left when this method returns.
    public func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskGroup { group in
                group.addTask { await self.directory.run() }
                group.addTask { await self.tokens.run() }
                await children.run()
                group.cancelAll()
            }
        } onGracefulShutdown: {
            self.stop()
        }
    }

    /// Ends every replica. ``run()`` returns when all of them have ended.
    func stop() { children.close() }

    private static func kernelPortRange() -> String {
        let text = try? ReadableFile.read("/proc/sys/net/ipv4/ip_local_port_range", bytesMax: 256)
        return String(decoding: text ?? [], as: UTF8.self)
    }
}
