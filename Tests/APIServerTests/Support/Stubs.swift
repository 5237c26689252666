import F2SMetrics
import F2SModel
import Synchronization
import TestSupport

/// An operator whose decisions a test sets.
final class StubOperator: OperatorInspector {
    let explanations = Mutex<[Function.ID: ScaleExplanation]>([:])
    private let memory: InMemoryPlatform

    init(memory: InMemoryPlatform) { self.memory = memory }

    func currentExplanations() -> [Function.ID: ScaleExplanation] { explanations.withLock { $0 } }
    func fetchExplanations(of function: Function.ID?) async -> [Function.ID: ScaleExplanation] {
        explanations.withLock { all in all.filter { function == nil || $0.key == function } }
    }
    func currentReplicas() -> ReplicaSnapshot { memory.replicas.current }
}

/// A dispatcher with one invocation in flight.
struct StubDispatcher: DispatcherInspector {
    func currentReport() -> DispatcherReport {
        DispatcherReport(
            address: "127.0.0.1:8080", loops: 2, connections: 3, upstreamConnections: 4, isDraining: false,
            load: LoadReport(functions: [Function.ID("memory-hello"): LoadReport.FunctionLoad(inFlight: 1, queued: 2)]))
    }
}

/// Counts invocations that a test sets.
final class StubActivity: FunctionActivitySource {
    /// The invocations of the next step.
    let next = Mutex<[FunctionActivity]>([])

    func collectActivity() -> [FunctionActivity] {
        next.withLock { next in
            defer { next = [] }
            return next
        }
    }
}

/// Accepts tokens that list their own grants, separated by commas: `functions:list,functions:logs@team-*`.
struct StubAuthenticator: Authenticator {
    let isProtected = true
    let methods = [AuthSettings.Method.token]
    let challenges = ["Bearer realm=\"F2S\""]

    func recognize(_ credentials: Span<UInt8>) -> Recognition { .unknown }

    func verify(_ credentials: String?, from client: UInt64?) async throws(CredentialError) -> Principal {
        guard let credentials else { throw .missing }
        guard credentials.hasPrefix("Bearer ") else { throw .unknownScheme }
        let texts = credentials.dropFirst(7).split(separator: ",").map { String($0) }
        let grants = texts.compactMap { try? Grant($0, field: "token") }
        guard grants.count == texts.count else { throw .malformed }
        return Principal(name: "ann", grants: Set(grants))
    }
}

/// Authenticates no caller, as an installation without access control.
struct StubOpenAuthenticator: Authenticator {
    let isProtected = false
    let methods = [AuthSettings.Method.none]
    let challenges: [String] = []

    func recognize(_ credentials: Span<UInt8>) -> Recognition { .known(.anonymous) }
    func verify(_ credentials: String?, from client: UInt64?) async throws(CredentialError) -> Principal { .anonymous }
}

/// A runtime that runs nothing. Its logs never end by themselves, it counts their readers, and a test can set an
/// outage.
final class StubRuntime: ReplicaRuntime {
    let readers = Latest(0)
    /// The reason that nothing can be started; `nil` if there is no outage.
    let outage = Latest<String?>(nil)

    var currentOutage: String? { outage.current }

    func logs(of id: Function.ID, tail: Int, follow: Bool) -> AsyncStream<LogLine> {
        let (stream, continuation) = AsyncStream.makeStream(of: LogLine.self, bufferingPolicy: .bufferingNewest(10))
        readers.update { $0 += 1 }
        continuation.onTermination = { [readers] _ in readers.update { $0 -= 1 } }
        continuation.yield(LogLine(replica: Replica.ID("r1"), source: "stdout", time: 0, text: "first"))
        return stream
    }

    func apply(_ function: Function, _ count: ReplicaCount, retiring: [Replica.ID]) async throws {}
    func remove(_ id: Function.ID) async throws {}
    func withReplicas<Result: Sendable>(
        _ body: @Sendable (Latest<ReplicaSnapshot>.Values) async throws -> Result
    ) async throws -> Result {
        try await body(Latest(ReplicaSnapshot()).values())
    }
}

extension FunctionDraft {
    /// Returns a sample function.
    static func sample(_ name: String, route: String? = nil, maxReplicas: Int = 5) throws -> FunctionDraft {
        FunctionDraft(
            name: try FunctionName(name), route: try Route(route ?? "/\(name)"), method: .get,
            target: Target(command: ["true"], maxReplicas: maxReplicas))
    }

    /// Returns a copy with changes.
    func with(_ change: (inout FunctionDraft) -> Void) -> FunctionDraft {
        var copy = self
        change(&copy)
        return copy
    }
}

/// Returns the sample as a manifest.
func manifest(_ name: String, endpoint: String? = nil, maxReplicas: Int = 5) -> String {
    """
    apiVersion: f2s.opensight.ch/v1alpha1
    kind: Function
    metadata: {name: \(name)}
    spec: {endpoint: \(endpoint ?? "/\(name)"), method: GET}
    target: {command: ["true"], maxReplicas: \(maxReplicas)}
    """
}

extension Authenticator {
    /// The stubs do not read credentials for the audit log, unless they implement this.
    func claimedUser(of credentials: String) -> String? { nil }
}
