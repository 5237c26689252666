import AsyncHTTPClient
import F2SModel
import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// Watches F2S's own pods, and sends requests to their internal listeners.
final class PodPeers: PeerDirectory {
    private let options: KubernetesOptions
    private let reflector: Reflector<PodObservation>
    private let http: HTTPClient
    private let latest: Latest<PeerSnapshot>
    /// True once ``currentPeers`` contains the cluster's pods.
    private let loaded = Latest(false)

    /// Maximum size of a response, in bytes.
    private static let answerBytesMax = 16 << 20

    init(client: KubernetesClient, options: KubernetesOptions, logger: Logger) {
        self.options = options
        reflector = Reflector(
            client, .pods, namespace: options.namespace, selector: ObjectLabel.serverSelector, logger: logger
        ) { $0.name }
        var configuration = HTTPClient.Configuration()
        configuration.timeout.connect = .seconds(2)
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.redirectConfiguration = .disallow
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        var unread = PeerReading(pods: [PodObservation](), options: options).snapshot
        unread.own.isReady = false
        latest = Latest(unread)
    }

    /// Watches until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.reflector.run() }
            for await reflection in reflector.latest.values() where reflection.isSynced {
                let snapshot = PeerReading(pods: reflection.items.values, options: options).snapshot
                if snapshot != latest.current { latest.publish(snapshot) }
                if !loaded.current { loaded.publish(true) }
            }
            group.cancelAll()
        }
    }

    /// Returns when the pods have been read.
    func waitUntilLoaded() async {
        for await isLoaded in loaded.values() where isLoaded { return }
    }

    /// Closes every connection; ``post(_:_:to:timeout:)`` fails from then on.
    func shutdown() async { try? await http.shutdown() }

    var currentPeers: PeerSnapshot { latest.current }

    func withPeers<Result: Sendable>(
        _ body: @Sendable (Latest<PeerSnapshot>.Values) async throws -> Result
    ) async throws -> Result {
        try await body(latest.values())
    }

    func post(_ path: InternalPath, _ content: [UInt8], to peer: Peer, timeout: Duration) async throws -> [UInt8] {
        guard let address = peer.address else { throw PeerError.gone(peer.id) }
        var request = HTTPClientRequest(url: "http://\(address)\(path.text)")
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        if let token = options.tokens.current.fieldValue {
            request.headers.add(name: PeerTokens.fieldName, value: token)
        }
        request.body = .bytes(ByteBuffer(bytes: content))
        let deadline = NIODeadline.now() + TimeAmount(timeout)
        do {
            let response = try await http.execute(request, deadline: deadline)
            let body = try await response.body.collect(upTo: Self.answerBytesMax)
            guard (200..<300).contains(response.status.code) else {
                throw PeerError.refused(peer.id, status: Int(response.status.code))
            }
            return Array(body.readableBytesView)
        } catch let error as PeerError {
            throw error
        } catch let error as HTTPClientError {
            throw PeerError.unreachable(peer.id, reason: error.shortDescription)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw PeerError.unreachable(peer.id, reason: "the connection was lost")
        }
    }
}

/// The peers, with their addresses and readiness, as derived from F2S's own pods. Pure.
struct PeerReading: Sendable {
    /// This process and all others.
    let snapshot: PeerSnapshot

    init(pods: some Collection<PodObservation>, options: KubernetesOptions) {
        var own = Peer(
            id: options.podName, address: Replica.Address(ip: options.podIP, port: options.internalPort),
            // A process outside of any pod has no readiness condition, but it does serve.
            isReady: !pods.contains { $0.name == options.podName })
        var others: [Peer] = []
        for pod in pods {
            if pod.name == options.podName {
                own.isReady = pod.isReady && !pod.isDeleting
            } else {
                others.append(
                    Peer(
                        id: pod.name, address: pod.ip.map { Replica.Address(ip: $0, port: options.internalPort) },
                        isReady: pod.isReady && !pod.isDeleting && pod.isRunning,
                        // A container that never started, or that has ended, has no invocation in flight.
                        isAlive: pod.isRunning && !pod.isOver))
            }
        }
        snapshot = PeerSnapshot(own: own, others: others)
    }
}
