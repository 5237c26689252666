import ProcessSupport
import Testing

/// Sends requests to the API server over the plain HTTP of `kubectl proxy`. That is about a hundred times cheaper than
/// a kubectl process per request, which matters because the measured programs need every core.
struct ClusterAPI: Sendable {
    struct Refused: Error, CustomStringConvertible {
        let request: String
        let status: Int
        let message: String
        var description: String { "\(request): \(status) \(message)" }
    }

    let port: Int

    /// Runs `kubectl proxy` while `body` runs.
    static func serve<Result>(
        kubeconfig: String, in folder: String, _ body: (ClusterAPI) async throws -> Result
    ) async throws -> Result {
        let output = folder + "/proxy.txt"
        let process = try ChildProcess(
            ["kubectl", "--kubeconfig=\(kubeconfig)", "proxy", "--port=0"], output: output, errors: output)
        defer { process.end() }
        let port = try eventually("kubectl proxy serves") { () -> Int? in
            let text = try Files.read(output)
            guard text.hasSuffix("\n"), let digits = text.split(separator: ":").last else { return nil }
            return Int(digits.filter(\.isNumber))
        }
        return try await body(ClusterAPI(port: port))
    }

    func get(_ path: String) throws -> JSONValue { try send("GET", path) }

    /// Fetches text that is not JSON, such as metrics.
    func text(_ path: String) throws -> String { try exchange("GET", path).text }

    /// Fetches an object; returns `nil` if it does not exist.
    func find(_ path: String) throws -> JSONValue? {
        do { return try get(path) } catch let error as Refused where error.status == 404 { return nil }
    }

    @discardableResult
    func send(
        _ method: String, _ path: String, _ body: String? = nil, type: String = "application/json"
    ) throws -> JSONValue { try exchange(method, path, body, type: type).json }

    private func exchange(
        _ method: String, _ path: String, _ body: String? = nil, type: String = "application/json"
    ) throws -> HTTPAnswer {
        let answer = try HTTPConnection(port: port).exchange(
            method, path, body == nil ? [] : [("Content-Type", type)], body: body.map { Array($0.utf8) })
        guard answer.status < 300 else {
            throw Refused(request: "\(method) \(path)", status: answer.status, message: String(answer.text.prefix(500)))
        }
        return answer
    }
}

// The resources that the tests read.
extension ClusterAPI {
    static let functions = "/apis/f2s.opensight.ch/v1alpha1/namespaces/f2s/functions"
    static let deployments = "/apis/apps/v1/namespaces/f2s-containers/deployments"
    static let services = "/api/v1/namespaces/f2s-containers/services"
    static let pods = "/api/v1/namespaces/f2s-containers/pods"
    static let ownPods = "/api/v1/namespaces/f2s/pods"

    /// Returns the items of a list.
    func list(_ path: String) throws -> [JSONValue] { try get(path)["items"]?.list ?? [] }

    /// Returns the number of objects in a collection, and fetches only the first one.
    func count(_ path: String) throws -> Int {
        let page = try get("\(path)?limit=1")
        return (page["items"]?.list.count ?? 0) + (page["metadata"]?["remainingItemCount"]?.number ?? 0)
    }

    /// Returns the pods of a function, including those that are being deleted.
    func pods(of function: String) throws -> [Pod] {
        try list("\(Self.pods)?labelSelector=app.kubernetes.io/name=\(function)").map(Pod.init)
    }

    /// Returns the pods of an installation of F2S.
    func ownPods(in namespace: String = "f2s") throws -> [Pod] {
        try list("/api/v1/namespaces/\(namespace)/pods?labelSelector=app.kubernetes.io/name=f2s").map(Pod.init)
    }
}

/// The fields of a pod that the tests read.
struct Pod: Sendable, Hashable {
    let name: String
    let uid: String
    let address: String?
    let isReady: Bool
    /// True if the pod is being deleted.
    let isEnding: Bool
    let restarts: Int
    let image: String

    init(_ value: JSONValue) {
        let status = value["status"]
        name = value["metadata"]?["name"]?.text ?? ""
        uid = value["metadata"]?["uid"]?.text ?? ""
        address = status?["podIP"]?.text
        isReady = (status?["conditions"]?.list ?? []).contains {
            $0["type"]?.text == "Ready" && $0["status"]?.text == "True"
        }
        isEnding = value["metadata"]?["deletionTimestamp"] != nil
        restarts = (status?["containerStatuses"]?.list ?? []).reduce(0) { $0 + ($1["restartCount"]?.number ?? 0) }
        image = value["spec"]?["containers"]?.list.first?["image"]?.text ?? ""
    }
}

extension Pod {
    /// Sends a request to a port of the pod, on a new connection.
    func exchange(
        _ method: String, _ target: String, port: Int, _ fields: [(String, String)] = [], body: [UInt8]? = nil
    ) throws -> HTTPAnswer {
        let host = try #require(address, "\(name) has no address yet")
        return try HTTPConnection(host: host, port: port, silence: .seconds(60))
            .exchange(method, target, fields, body: body)
    }
}
