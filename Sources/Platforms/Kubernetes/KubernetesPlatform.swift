public import F2SModel
public import Logging
public import ServiceLifecycle

/// F2S on Kubernetes: custom resources as the store, Deployments and pods as replicas, a Lease for the election.
public final class KubernetesPlatform: Service, Sendable {
    private let client: KubernetesClient
    private let store: KubernetesFunctionStore
    private let histories: StoredHistories
    private let runtime: KubernetesRuntime
    private let election: LeaseElection
    private let peers: PodPeers
    private let journal: KubernetesEvents
    private let tokens: InternalTokens
    private let apiTokenSecret: APITokenSecret
    /// The first API token.
    public let initialToken: InitialToken
    /// The Secrets of functions.
    public let secrets: FunctionSecrets
    private let notices: InstallationNotices
    private let strays: StrayFunctions
    /// The ConfigMap of the settings; `nil` if they do not come from the cluster.
    public let settings: SettingsObject?
    /// The IP addresses of every pod of a function.
    public let functionAddresses = Latest<Set<String>>([])

    /// Creates a platform that does nothing before ``run()``.
    public init(_ access: ClusterAccess, options: KubernetesOptions, logger: Logger) {
        let client = KubernetesClient(access, logger: logger)
        let election = LeaseElection(client: client, options: options, logger: logger)
        let store = KubernetesFunctionStore(
            client: client, namespace: options.namespace, leadingTime: { election.remaining }, logger: logger)
        self.client = client
        histories = StoredHistories(
            client: client, namespace: options.namespace, isLeader: { election.isLeader }, logger: logger)
        notices = InstallationNotices(client: client, options: options, logger: logger)
        strays = StrayFunctions(
            client: client, options: options, isLeader: { election.isLeader }, logger: logger)
        settings = options.settingsObject.map { name in
            SettingsObject(client: client, namespace: options.namespace, name: name, logger: logger)
        }
        tokens = InternalTokens(client: client, options: options, logger: logger)
        apiTokenSecret = APITokenSecret(client: client, namespace: options.namespace, logger: logger)
        initialToken = InitialToken(
            tokens: apiTokenSecret,
            secret: GeneratedSecret(client: client, namespace: options.namespace, name: InitialToken.secretName))
        secrets = FunctionSecrets(
            namespace: options.functionsNamespace,
            writer: options.writesSecrets ? StoredFunctionSecrets(client: client, options: options) : nil)
        self.election = election
        self.store = store
        let journal = KubernetesEvents(
            client: client, options: options, uid: { store.uid(named: $0) }, logger: logger)
        store.report(to: journal)
        self.journal = journal
        runtime = KubernetesRuntime(
            client: client, options: options, store: store, election: election, events: journal, logger: logger)
        peers = PodPeers(client: client, options: options, logger: logger)
    }

    /// The ports that the rest of F2S uses.
    public var platform: Platform {
        Platform(
            name: "kubernetes", functions: store, replicas: runtime, election: election, peers: peers,
            events: journal)
    }

    /// The histories of the functions.
    public var archive: any DeclarationArchive { histories }

    /// The API tokens.
    public var apiTokens: any APITokenStore { apiTokenSecret }

    /// Returns when functions, pods and peers have been read for the first time, and the API tokens too, unless that
    /// takes long; ``run()`` must have been called.
    public func waitUntilLoaded() async {
        await store.waitUntilLoaded()
        await runtime.waitUntilLoaded()
        await peers.waitUntilLoaded()
        await apiTokenSecret.waitUntilRead()
    }

    /// Returns the internal token in a file, or `nil` if the file is missing or empty.
    public static func token(inFile path: String) -> String? { InternalTokens.token(inFile: path) }

    /// Writes an Event about a condition of the installation.
    public func report(_ condition: InstallationCondition) async { await notices.write(condition) }

    /// Stops leading at once, and releases the lease so that another process can lead without waiting for its end. The
    /// process continues to serve.
    public func resign() async { await election.resign() }

    private func publish(addresses: Set<String>) {
        if addresses != functionAddresses.current { functionAddresses.publish(addresses) }
    }

    /// Runs the platform until graceful shutdown or cancellation. Replicas continue to run, because the cluster owns
    /// them.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.store.run() }
                group.addTask { await self.runtime.run() }
                group.addTask { await self.election.run() }
                group.addTask { await self.peers.run() }
                group.addTask { await self.journal.run() }
                group.addTask { await self.tokens.run() }
                group.addTask { await self.apiTokenSecret.run() }
                group.addTask { await self.settings?.run() }
                group.addTask { await self.strays.run() }
                group.addTask { await self.runtime.followAddresses { self.publish(addresses: $0) } }
            }
        }
        await election.resign()
        await peers.shutdown()
        await client.shutdown()
    }
}
