import F2SModel
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore

/// What the platform's hooks and the other F2S processes ask.
struct InternalRoutes: Sendable {
    let desk: any PeerDesk
    let tokens: @Sendable () -> PeerTokens
    /// How long a hook may wait.
    let drainLimit: @Sendable (Function.ID) -> Duration

    /// Bytes that a function's identity has at most.
    static let identityBytesMax = 253

    var routes: [APIRoute] { [drain, withdraw, load, leader, events] }

    /// A hook has no way to show a token; it learns nothing but when a replica is empty.
    private var drain: APIRoute {
        APIRoute(
            .get, "/drain/{function}", access: .everybody, origin: .anywhere,
            documentation: OperationDocument(
                "drain", "Waits until no replica of the function that ends has work in hand.",
                answers: [.init(200, "None has.", [.text: [:]])], problems: [503]),
            handler: { request in
                let identity = request.parameters["function"] ?? ""
                guard !identity.isEmpty, identity.utf8.count <= Self.identityBytesMax else {
                    throw Problem(
                        status: 404, title: "No such function", detail: "The path must end in a function's uid.")
                }
                let id = Function.ID(identity)
                try await Self.drained { try await desk.drain(id, within: drainLimit(id)) }
                return Response("drained\n", as: .text)
            })
    }

    private var withdraw: APIRoute {
        APIRoute(
            .post, "/withdraw", access: .everybody, origin: .anywhere, content: ofPeers,
            documentation: OperationDocument(
                "withdraw", "Takes replicas out of use and waits until they have no work in hand here.",
                answers: [.init(200, "They have none.", [.text: [:]])], problems: [403, 422, 503]),
            handler: { request in
                let asked = try content(of: request, as: WithdrawRequest.self)
                let limit = min(max(asked.milliseconds, 0), WithdrawRequest.millisecondsMax)
                try await Self.drained { try await desk.withdraw(asked.replicas, within: .milliseconds(limit)) }
                return Response("withdrawn\n", as: .text)
            })
    }

    private var load: APIRoute {
        APIRoute(
            .post, "/load", access: .everybody, origin: .anywhere, content: ofPeers,
            documentation: OperationDocument(
                "load", "Takes note of what another F2S process has in hand.",
                answers: [.init(200, "It is noted.", [.text: [:]])], problems: [403, 422]),
            handler: { request in
                desk.take(try content(of: request, as: PeerReport.self))
                return Response("noted\n", as: .text)
            })
    }

    private var leader: APIRoute {
        APIRoute(
            .post, "/leader", access: .everybody, origin: .anywhere, content: ofPeers,
            documentation: OperationDocument(
                "leader", "Tells why functions run as they do, if this process leads.",
                answers: [.init(200, "What it has decided.", [.json: ["type": "object"]])], problems: [403, 422]),
            handler: { request in
                let question = try content(of: request, as: LeaderView.Question.self)
                return try Response(json: desk.leaderView(of: question.function))
            })
    }

    private var events: APIRoute {
        APIRoute(
            .post, "/events", access: .everybody, origin: .anywhere, content: ofPeers,
            documentation: OperationDocument(
                "peerEvents", "Tells what has happened after a moment.",
                answers: [.init(200, "The events.", [.json: ["type": "array"]])], problems: [403, 422]),
            handler: { request in
                let question = try content(of: request, as: EventQuestion.self)
                return try Response(json: desk.currentEvents(after: question.after))
            })
    }

    /// Nothing is read of who does not show the token: 403. The largest report is of some 20 000 functions that are
    /// busy all at once.
    private var ofPeers: ContentRule {
        ContentRule(bytesMax: 4 * 1024 * 1024) { [tokens] fields in
            guard tokens().areShown(by: HTTPField.Name(PeerToken.fieldName).flatMap { fields[$0] }) else {
                throw Problem(InvocationError.untrustedPeer, function: nil)
            }
        }
    }

    /// What another F2S process has sent.
    /// - Throws: a ``Problem``: 422 for anything that is not JSON of the right form.
    private func content<Value: Decodable>(of request: APIRequest, as: Value.Type) throws -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: Data(request.body.readableBytesView))
        } catch {
            throw Problem(
                status: 422, title: "The content is not understood",
                detail: "It is not JSON of the form that this version of F2S sends. Do all processes have one version?")
        }
    }

    private static func drained(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as DrainError {
            throw Problem(
                status: 503, title: "Work is still in hand", detail: error.description, reason: error.reason)
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
