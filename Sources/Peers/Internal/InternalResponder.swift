import F2SModel
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// Answers the requests of the platform's hooks and of the other F2S processes.
struct InternalResponder: Sendable {
    let peers: any PeerService
    /// Returns the tokens of which a request of another process must show one.
    let tokens: @Sendable () -> PeerTokens
    /// Returns the longest time that a hook may wait.
    let drainLimit: @Sendable (Function.ID) -> Duration
    /// Reads the content of the other processes' requests.
    let reader: PeerContentReader
    /// The logger of unexpected errors.
    let logger: Logger

    /// The maximum number of bytes of a function's identifier.
    static let identityBytesMax = 253
    /// In a browser, a response has no origin, runs nothing, and cannot be framed.
    private static let contentPolicy = "sandbox; frame-ancestors 'none'"

    /// Returns the response to a request. An error becomes a problem document.
    func respond(to request: Request) async -> Response {
        var response: Response
        do {
            response = try await answer(to: request)
        } catch {
            let problem = problem(of: error, request)
            response = Response(
                ByteBuffer(string: problem.json), type: Problem.mediaType,
                status: HTTPResponse.Status(code: problem.status))
            switch problem.status {
            case 405: response.headers[.allow] = InternalPath(request.uri.path)?.allowedMethods
            case 503: response.headers[.retryAfter] = "1"
            default: break
            }
        }
        response.headers[.cacheControl] = "no-store"
        response.headers[.contentSecurityPolicy] = Self.contentPolicy
        response.headers[.xContentTypeOptions] = "nosniff"
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(to request: Request) async throws -> Response {
        guard let path = InternalPath(request.uri.path) else {
            throw Problem(
                status: 404, title: "No such path",
                detail: "The internal listener serves nothing at \(request.uri.path).")
        }
        guard path.methods.contains(request.method) else {
            throw Problem(
                status: 405, title: "The method is not allowed here",
                detail: "\(path.text) answers \(path.allowedMethods), not \(request.method.rawValue).")
        }
        switch path {
        case .drain(let id):
            // A hook cannot send a token. It learns only the moment at which a replica is drained.
            guard id.text.utf8.count <= Self.identityBytesMax else {
                throw Problem(status: 404, title: "No such function", detail: "The path must end in a function's uid.")
            }
            try await peers.drain(id, within: drainLimit(id))
            return Response("drained\n")
        case .cordon:
            let asked = try await content(of: request, as: CordonRequest.self)
            let limit = min(max(asked.milliseconds, 0), CordonRequest.millisecondsMax)
            try await peers.cordon(asked.replicas, within: .milliseconds(limit))
            return Response("cordoned\n")
        case .load:
            peers.receive(try await content(of: request, as: PeerReport.self))
            return Response("noted\n")
        case .leader:
            let question = try await content(of: request, as: LeaderView.Question.self)
            return try Response(json: await peers.leaderView(of: question.function))
        case .events:
            let question = try await content(of: request, as: EventQuestion.self)
            return try Response(json: peers.currentEvents(after: question.after))
        }
    }

    /// Reads and decodes the content that another F2S process has sent.
    /// - Throws: A ``Problem``: 403 without a valid token, and then the content is not read; 422 if it is not JSON of
    ///   the right form; see also ``PeerContentReader/read(_:)``.
    private func content<Value: Decodable>(of request: Request, as: Value.Type) async throws -> Value {
        guard tokens().areShown(by: HTTPField.Name(PeerTokens.fieldName).flatMap { request.headers[$0] }) else {
            throw Problem(InvocationError.untrustedPeer, function: nil)
        }
        let content = try await reader.read(request)
        do {
            return try JSONDecoder().decode(Value.self, from: Data(content.readableBytesView))
        } catch {
            throw Problem(
                status: 422, title: "The content is not understood",
                detail: "It is not JSON of the form that this version of F2S sends. Run one version in all processes.")
        }
    }

    private func problem(of error: any Error, _ request: Request) -> Problem {
        switch error {
        case let problem as Problem: return problem
        case let error as DrainError:
            return Problem(
                status: 503, title: "The replica is not drained", detail: error.description, reason: error.reason)
        case is CancellationError: return Problem(InvocationError.draining, function: nil)
        default:
            // The client learns that it is not at fault. The log contains the error for the operator of F2S.
            logger.error(
                "A request failed with an unexpected error. Please report it.",
                metadata: ["request": "\(request.method) \(request.uri.path)", "error": "\(error)"])
            return .unexpected
        }
    }
}

extension InternalPath {
    fileprivate var methods: [HTTPRequest.Method] {
        switch self {
        case .drain: [.get, .head]
        case .cordon, .load, .leader, .events: [.post]
        }
    }

    /// The value of an Allow header.
    fileprivate var allowedMethods: String { methods.map(\.rawValue).joined(separator: ", ") }
}

extension DrainError {
    fileprivate var reason: String {
        switch self {
        case .tooSlow: "TooSlow"
        case .unconfirmed: "Unconfirmed"
        }
    }
}

extension Response {
    fileprivate init(_ content: ByteBuffer, type: String, status: HTTPResponse.Status = .ok) {
        self.init(status: status, headers: [.contentType: type], body: ResponseBody(byteBuffer: content))
    }

    fileprivate init(_ text: String) { self.init(ByteBuffer(string: text), type: "text/plain; charset=utf-8") }

    fileprivate init(json value: some Encodable) throws {
        self.init(ByteBuffer(bytes: try JSONEncoder().encode(value)), type: "application/json")
    }
}
