import ProcessSupport
import Synchronization

/// The objects of one function in the namespace of an installation's functions.
struct FunctionObjects: Sendable {
    /// A type of objects that F2S creates for functions.
    enum Kind: String, CaseIterable, Sendable {
        case deployments, services, pods
        case configMaps = "configmaps"
        case serviceAccounts = "serviceaccounts"
    }

    let api: ClusterAPI
    let namespace: String
    let function: String

    init(of function: String, in release: Release) {
        api = release.f2s.api
        namespace = release.functions
        self.function = function
    }

    func list(_ kind: Kind) throws -> [JSONValue] {
        let group = kind == .deployments ? "/apis/apps/v1" : "/api/v1"
        let selector = "labelSelector=app.kubernetes.io/name=\(function)"
        return try api.list("\(group)/namespaces/\(namespace)/\(kind.rawValue)?\(selector)")
    }

    /// Waits until no object of the function exists.
    func waitUntilGone() throws {
        try eventually("all objects of \(function) are deleted", within: .seconds(120)) {
            pause(.milliseconds(200))
            return try Kind.allCases.allSatisfy { try list($0).isEmpty }
        }
    }
}

/// Records the pods of a function, which it reads every 200 ms.
final class PodRecorder: Sendable {
    private let seen = Mutex<[String: JSONValue]>([:])
    private let isOver = Flag()
    private let objects: FunctionObjects

    init(_ objects: FunctionObjects) { self.objects = objects }

    /// The newest state of each pod that was seen.
    var pods: [JSONValue] { seen.withLock { seen in seen.sorted { $0.key < $1.key }.map(\.value) } }

    /// Ends ``run()``.
    func stop() { isOver.raise() }

    /// Looks for pods until ``stop()`` is called.
    func run() async throws {
        while !isOver.isRaised {
            for pod in try objects.list(.pods) {
                guard let name = pod["metadata"]?["name"]?.text else { continue }
                seen.withLock { $0[name] = pod }
            }
            pause(.milliseconds(200))
        }
    }
}
