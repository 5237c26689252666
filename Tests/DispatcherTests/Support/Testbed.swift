import F2SDispatcher
import F2SMetrics
import F2SModel
import Glibc
import NIOPosix
import NIOSSL
import Synchronization

/// A dispatcher that listens on a free port, with helpers that declare functions and replicas.
struct Testbed: Sendable {
    let dispatcher: Dispatcher
    let registry: MetricRegistry
    let port: Int
    /// The TLS of clients of the public listener, of management and of the console; `nil` if they have none.
    var tls: NIOSSLContext?

    var internalPort: Int { dispatcher.internalPort ?? 0 }
    var internalAddress: Replica.Address { Replica.Address(ip: "127.0.0.1", port: internalPort) }

    /// Sets the ownership of a function's slots: the owner if it is remote, and if a local owner must not grant slots
    /// yet.
    func setOwnership(elsewhere: Replica.Address? = nil, isHeld: Bool = false, of name: String = "hello") {
        let id = Function.ID(name)
        dispatcher.apply(
            Ownership(elsewhere: elsewhere.map { [id: $0] } ?? [:], withheld: isHeld ? [id] : []))
    }

    /// Connects a client to the management listener.
    func manager(from source: String? = nil) async throws -> RawClient {
        try await RawClient.connect(to: dispatcher.managementPort ?? 0, from: source, tls: tls)
    }

    /// Connects a client to the listener of the console.
    func browser(from source: String? = nil) async throws -> RawClient {
        try await RawClient.connect(to: dispatcher.consolePort ?? 0, from: source, tls: tls)
    }

    /// Connects a client to the internal listener.
    func peer() async throws -> RawClient { try await RawClient.connect(to: internalPort) }

    func client(isReading: Bool = true) async throws -> RawClient {
        try await RawClient.connect(to: port, isReading: isReading, tls: tls)
    }

    /// Returns true if the dispatcher accepts no connection on a port that it has closed. On a busy machine the
    /// listener of another test may use the port by then; this dispatcher does not count requests to that listener.
    func refuses(at port: Int) async -> Bool {
        let unrouted = "f2s_requests_refused_total{stage=\"route\"}"
        let before = await metric(unrouted)
        guard let client = try? await RawClient.connect(to: port) else { return true }
        defer { client.close() }
        client.send(get("/nothing"))
        try? await eventually("a response or the end") { client.isClosed || client.inbox.total > 0 }
        return await metric(unrouted) == before
    }

    /// Declares functions.
    func declare(_ functions: Function...) { dispatcher.apply(FunctionSnapshot(functions: functions)) }

    /// Sets the running replicas and the start failures.
    func run(_ replicas: Replica..., startFailures: [Function.ID: StartFailure] = [:]) {
        dispatcher.apply(ReplicaSnapshot(replicas: replicas, startFailures: startFailures))
    }

    /// Declares one function, by default `/hello`, with these stubs as its replicas, and waits until every replica
    /// accepts requests.
    func serve(_ servers: StubServer..., function: Function = makeFunction()) async throws {
        dispatcher.apply(FunctionSnapshot(functions: [function]))
        let replicas = servers.enumerated().map { makeReplica("r\($0.offset)", of: function, port: $0.element.port) }
        dispatcher.apply(ReplicaSnapshot(replicas: replicas))
        try await eventually("every replica accepts") { accepting == servers.count }
    }

    /// Declares one function with replicas on these ports, and waits until every replica accepts requests.
    func serve(ports: [Int], function: Function = makeFunction()) async throws {
        dispatcher.apply(FunctionSnapshot(functions: [function]))
        run(ports, of: function)
        try await eventually("every replica accepts") { accepting == ports.count }
    }

    /// Sets a function's replicas, one on each of these ports. Each round creates new replicas.
    func run(_ ports: [Int], of function: Function, round: Int = 0) {
        let replicas = ports.enumerated().map { makeReplica("r\(round)-\($0.offset)", of: function, port: $0.element) }
        dispatcher.apply(ReplicaSnapshot(replicas: replicas))
    }

    /// Changes limits and timeouts while the dispatcher runs.
    func tune(limits: Limits = Limits(), timeouts: Timeouts = Timeouts()) {
        dispatcher.apply(DispatcherSettings.Tuning(limits: limits, timeouts: timeouts))
    }

    var changes: Signal { dispatcher.changes }

    func dispatcherLoad(_ replica: String) -> LoadReport.ReplicaLoad? {
        dispatcher.currentLoad().replicas[Replica.ID(replica)]
    }

    var accepting: Int { dispatcher.currentLoad().replicas.values.count { $0.isAccepting } }

    var upstreamConnections: Int { dispatcher.currentReport().upstreamConnections }
    var clientConnections: Int { dispatcher.currentReport().connections }

    func load(_ name: String = "hello") -> LoadReport.FunctionLoad {
        dispatcher.currentLoad().functions[Function.ID(name)] ?? LoadReport.FunctionLoad()
    }

    func isIdle(_ name: String = "hello") -> Bool {
        let load = load(name)
        return load.inFlight == 0 && load.queued == 0 && dispatcher.currentInvocations == 0
    }

    /// Returns a counter's value after every event loop has finished what it does now. A loop counts a response after
    /// it has sent it, so the client of a test may read the counter first.
    func metric(_ series: String) async -> Double {
        await dispatcher.waitForLoops()
        return recorded(series)
    }

    /// Returns a counter's value, for conditions that are checked repeatedly.
    func metric(_ series: String) -> Double { recorded(series) }

    /// Returns a counter's value from the exposition. If the counter has a `status` label, returns the sum over its
    /// values.
    private func recorded(_ series: String) -> Double {
        var sum = 0.0
        for line in registry.exposition().split(separator: "\n") {
            guard let value = line.split(separator: " ").last.flatMap({ Double($0) }) else { continue }
            if line.hasPrefix(series + " ") { return value }
            if line.hasPrefix(series.dropLast() + ",status=") { sum += value }
        }
        return sum
    }
}

/// The number of event loops of a dispatcher: `F2S_TEST_LOOPS`, or 1. `make test` runs the tests with 1, 2 and 4 loops,
/// independent of the number of cores.
let usualLoops = getenv("F2S_TEST_LOOPS").flatMap { Int(String(cString: $0)) } ?? 1

/// The number of event loops as the arguments of a test, so that the test's report contains it.
let testedLoops = [usualLoops]

extension Limits {
    /// The limits of tests that are not about limits. On a busy machine seconds may pass between two requests of a
    /// test, so idle connections to upstreams stay open for longer than by default.
    static var ofTests: Limits {
        var limits = Limits()
        limits.upstreamIdleTimeout = .seconds(600)
        return limits
    }
}

/// Starts a dispatcher, runs `body` and stops the dispatcher.
func withTestbed(
    loops: Int = usualLoops, apiPath: String? = nil, hasManagement: Bool = false, consolePath: String? = nil,
    internal: InternalSettings? = nil, limits: Limits = .ofTests, timeouts: Timeouts = Timeouts(),
    authenticator: (any Authenticator)? = nil, logins: (any FunctionLoginProvider)? = nil,
    log: SampleRequestLog? = nil, trustedProxies: [AddressRange] = [], tls: TLSCertificate? = nil,
    _ body: (Testbed) async throws -> Void
) async throws {
    var settings = DispatcherSettings(
        host: "127.0.0.1", port: 0, loops: loops, apiSocketPath: apiPath ?? temporarySocketPath(),
        management: hasManagement ? ManagementSettings(host: "127.0.0.1", port: 0) : nil,
        console: consolePath.map { ConsoleSettings(host: "127.0.0.1", port: 0, socketPath: $0) }, internal: `internal`,
        tuning: .init(
            limits: limits, timeouts: timeouts, trustedProxies: trustedProxies,
            challenges: authenticator?.challenges ?? [], logsAccess: log != nil))
    settings.authenticator = authenticator
    settings.logins = logins
    settings.accessLog = log
    settings.auditLog = log
    settings.tls = try ListenerTLS(TestCertificate.settings(tls))
    let registry = MetricRegistry()
    let dispatcher = try Dispatcher(settings, metrics: registry)
    let outcome: Result<Void, any Error>
    do {
        let port = try dispatcher.start()
        var bed = Testbed(dispatcher: dispatcher, registry: registry, port: port)
        bed.tls = try tls.map { try TestCertificate.client(trusting: $0) }
        try await body(bed)
        outcome = .success(())
    } catch {
        outcome = .failure(error)
    }
    // `stop` blocks until the event loops have ended.
    try await NIOThreadPool.singleton.runIfActive { dispatcher.stop() }
    try outcome.get()
}

/// The token that two processes of a test share.
let token = "a-token-of-32-bytes-0123456789ab"

func makeInternal(socketPath: String? = nil, token: String = token) -> InternalSettings {
    InternalSettings(
        host: "127.0.0.1", port: 0, socketPath: socketPath ?? temporarySocketPath(), tokens: PeerTokens([token]))
}

/// Runs two dispatchers with internal listeners and the same token.
func withPair(
    loops: Int = usualLoops, limits: Limits = .ofTests, timeouts: Timeouts = Timeouts(),
    authenticator: (any Authenticator)? = nil, logs: (SampleRequestLog, SampleRequestLog)? = nil,
    _ body: (_ first: Testbed, _ second: Testbed) async throws -> Void
) async throws {
    func bed(_ log: SampleRequestLog?, _ body: (Testbed) async throws -> Void) async throws {
        try await withTestbed(
            loops: loops, internal: makeInternal(), limits: limits, timeouts: timeouts, authenticator: authenticator,
            log: log, body)
    }
    try await bed(logs?.0) { first in
        try await bed(logs?.1) { second in try await body(first, second) }
    }
}

private let socketNumber = Atomic<Int>(0)

/// Returns a path that no other test uses and that is short enough for a Unix socket.
func temporarySocketPath() -> String {
    let number = socketNumber.add(1, ordering: .relaxed).newValue
    return "/tmp/f2s-\(UInt32.random(in: 0...UInt32.max))-\(number).sock"
}

/// Returns a function with its name as its ID.
func makeFunction(
    _ name: String = "hello", route: String? = nil, method: Function.Method? = nil, path: String = "/",
    concurrency: Int? = nil, timeout: Duration? = nil, startTimeout: Duration? = nil,
    limits: FunctionLimits = FunctionLimits(), access: Function.Access? = nil,
    forwardsAuthorization: Bool = false, cors: Function.CORS? = nil, offersLogin: Bool = false, age: UInt64 = 1
) -> Function {
    let target = Target(
        command: ["server"], path: path, maxReplicas: 10, concurrency: concurrency, timeout: timeout,
        startTimeout: startTimeout, limits: limits, forwardsAuthorization: forwardsAuthorization)
    guard let valid = try? FunctionName(name), let route = try? Route(route ?? "/" + name) else {
        preconditionFailure("the test uses an invalid function name or route: \(name)")
    }
    return Function(
        id: Function.ID(name),
        draft: FunctionDraft(
            name: valid, route: route, method: method, access: access, cors: cors, offersLogin: offersLogin,
            target: target),
        generation: 1, storeRevision: StoreRevision("1"), age: age,
        origin: Function.Origin(location: "\(name).yaml", isWritable: true))
}

/// Returns a replica of a function's current revision.
func makeReplica(
    _ id: String, of function: Function = makeFunction(), state: Replica.State = .ready, port: Int,
    awaitsReadiness: Bool = false
) -> Replica {
    Replica(
        id: Replica.ID(id), function: function.id, revision: function.revision, state: state,
        address: Replica.Address(ip: "127.0.0.1", port: port), awaitsReadiness: awaitsReadiness, since: 0)
}
