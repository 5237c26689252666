import F2SModel
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore

/// The requests of the platform's hooks and of the other F2S processes.
struct InternalRoutes: Sendable {
    let peers: any PeerService
    let tokens: @Sendable () -> PeerTokens
    /// Returns the longest time that a hook may wait.
    let drainLimit: @Sendable (Function.ID) -> Duration

    /// The maximum number of bytes of a function's identifier.
    static let identityBytesMax = 253

    var routes: [APIRoute] { [drain, cordon, load, leader, events] }

    /// A hook cannot send a token. It learns only the moment at which a replica is drained.
    private var drain: APIRoute {
        APIRoute(
            .get, "/drain/{function}", access: .everybody, origin: .anywhere,
            documentation: OperationDocument(
                "drain", "Waits until no stopping replica of the function has invocations in flight.",
                answers: [.init(200, "The replicas are drained.", [.text: [:]])], problems: [503]),
            handler: { request in
                let identity = request.parameters["function"] ?? ""
                guard !identity.isEmpty, identity.utf8.count <= Self.identityBytesMax else {
                    throw Problem(
                        status: 404, title: "No such function", detail: "The path must end in a function's uid.")
                }
                let id = Function.ID(identity)
                try await Self.drained { try await peers.drain(id, within: drainLimit(id)) }
                return Response("drained\n", as: .text)
            })
    }

    private var cordon: APIRoute {
        APIRoute(
            .post, "/cordon", access: .everybody, origin: .anywhere, content: ofPeers,
            documentation: OperationDocument(
                "cordon", "Cordons replicas and waits until nothing is in flight on them here.",
                answers: [.init(200, "Nothing is in flight.", [.text: [:]])], problems: [403, 422, 503]),
            handler: { request in
                let asked = try content(of: request, as: CordonRequest.self)
                let limit = min(max(asked.milliseconds, 0), CordonRequest.millisecondsMax)
                try await Self.drained { try await peers.cordon(asked.replicas, within: .milliseconds(limit)) }
                return Response("cordoned\n", as: .text)
            })
    }

    private var load: APIRoute {
        APIRoute(
            .post, "/load", access: .everybody, origin: .anywhere, content: ofPeers,
            documentation: OperationDocument(
                "load", "Receives the load report of another F2S process.",
                answers: [.init(200, "The report was received.", [.text: [:]])], problems: [403, 422]),
            handler: { request in
                peers.receive(try content(of: request, as: PeerReport.self))
                return Response("noted\n", as: .text)
            })
    }

    private var leader: APIRoute {
        APIRoute(
            .post, "/leader", access: .everybody, origin: .anywhere, content: ofPeers,
            documentation: OperationDocument(
                "leader", "Returns the scale decisions, if this process leads.",
                answers: [.init(200, "The decisions.", [.json: ["type": "object"]])], problems: [403, 422]),
            handler: { request in
                let question = try content(of: request, as: LeaderView.Question.self)
                return try Response(json: await peers.leaderView(of: question.function))
            })
    }

    private var events: APIRoute {
        APIRoute(
            .post, "/events", access: .everybody, origin: .anywhere, content: ofPeers,
            documentation: OperationDocument(
                "peerEvents", "Returns the events after a sequence number.",
                answers: [.init(200, "The events.", [.json: ["type": "array"]])], problems: [403, 422]),
            handler: { request in
                let question = try content(of: request, as: EventQuestion.self)
                return try Response(json: peers.currentEvents(after: question.after))
            })
    }

    /// Requests without a valid token receive 403 before their content is read. The largest report covers some 20 000
    /// functions that are busy at the same time.
    private var ofPeers: ContentRule {
        ContentRule(bytesMax: 4 * 1024 * 1024) { [tokens] fields in
            guard tokens().areShown(by: HTTPField.Name(PeerTokens.fieldName).flatMap { fields[$0] }) else {
                throw Problem(InvocationError.untrustedPeer, function: nil)
            }
        }
    }

    /// Decodes the content that another F2S process has sent.
    /// - Throws: A ``Problem`` of status 422 if it is not JSON of the right form.
    private func content<Value: Decodable>(of request: APIRequest, as: Value.Type) throws -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: Data(request.body.readableBytesView))
        } catch {
            throw Problem(
                status: 422, title: "The content is not understood",
                detail: "It is not JSON of the form that this version of F2S sends. Run one version in all processes.")
        }
    }

    private static func drained(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as DrainError {
            throw Problem(
                status: 503, title: "The replica is not drained", detail: error.description, reason: error.reason)
        }
    }
}

extension DrainError {
    fileprivate var reason: String {
        switch self {
        case .tooSlow: "TooSlow"
        case .unconfirmed: "Unconfirmed"
        }
    }
}
