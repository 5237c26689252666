import F2SClient
import Synchronization

/// A server in the process of the test. It responds from a closure and records the requests.
final class StubTransport: ClientTransport {
    private let asked = Mutex<[String]>([])
    private let answer: @Sendable (ClientRequest) -> ClientAnswer

    init(_ answer: @escaping @Sendable (ClientRequest) -> ClientAnswer) { self.answer = answer }

    /// All requests so far, each as `METHOD target`.
    var requests: [String] { asked.withLock { $0 } }

    func send(_ request: ClientRequest) async throws(ClientError) -> ClientAnswer {
        asked.withLock { $0.append("\(request.method) \(request.target)") }
        return answer(request)
    }

    /// Returns a client of this server.
    func client() throws -> FunctionClient {
        FunctionClient(server: try ServerAddress("http://127.0.0.1:8080"), transport: self)
    }
}

extension ClientAnswer {
    /// Creates a response with its content in pieces of `pieceBytes`.
    init(_ status: Int, _ text: String, type: String = "application/json", pieceBytes: Int = 7) {
        let bytes = Array(text.utf8)
        let (pieces, continuation) = AsyncThrowingStream.makeStream(of: [UInt8].self)
        for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
            continuation.yield(Array(bytes[start..<min(start + pieceBytes, bytes.count)]))
        }
        continuation.finish()
        self.init(status: status, fields: [("Content-Type", type)], content: pieces)
    }
}

/// The JSON of a function, as a server sends it.
enum Sample {
    static func function(
        _ name: String = "hello", generation: Int = 1, observed: Int = 1, endpoint: String = "/hello",
        method: String? = "GET",
        conditions: String = #"{"type":"Ready","status":"True","reason":"Idle","message":"m"}"#,
        minReplicas: Int = 0, readyReplicas: Int = 1, updatedReadyReplicas: Int? = 1
    ) -> String {
        let updated = updatedReadyReplicas.map { #","updatedReadyReplicas":\#($0)"# } ?? ""
        let method = method.map { #","method":"\#($0)""# } ?? ""
        return """
            {"apiVersion":"f2s.opensight.ch/v1alpha1","kind":"Function","metadata":{"name":"\(name)","namespace":"f2s",\
            "uid":"u-\(name)","generation":\(generation),"resourceVersion":"r\(generation)"},\
            "spec":{"endpoint":"\(endpoint)"\(method)},"target":{"command":["python3","hello.py"],"port":8080,\
            "endpoint":"/","minReplicas":\(minReplicas),"maxReplicas":5,\
            "envFrom":[{"configMap":"settings"},{"secret":"keys","optional":true}],"scaling":{"targetConcurrency":10}},\
            "status":{"observedGeneration":\(observed),"replicas":1,"readyReplicas":\(readyReplicas)\(updated),\
            "desiredReplicas":2,"url":"/invoke/hello","conditions":[\(conditions)]},"later":{"unknown":true}}
            """
    }
}
