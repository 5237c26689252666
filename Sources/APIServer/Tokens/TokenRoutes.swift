import F2SAccess
import F2SModel
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging

/// `/tokens`: the API tokens that F2S has issued.
struct TokenRoutes: Sendable {
    let store: any APITokenStore
    /// Returns the settings of authentication and authorization in force.
    let settings: @Sendable () -> AuthSettings
    /// The clock of the times of creation.
    let now: @Sendable () -> Double
    /// The logger of tokens that were created or revoked.
    let logger: Logger

    var routes: [APIRoute] { [list, create, revoke] }

    private var list: APIRoute {
        APIRoute(
            .get, "/tokens", access: .holder(of: .viewSettings), origin: .ownHost,
            documentation: OperationDocument(
                "listTokens", "The API tokens of F2S, without their secrets.",
                answers: [.init(200, "The tokens.", [.json: OperationDocument.schema("TokenList")])], problems: [503]),
            handler: { _ in
                guard let tokens = store.tokens.current else {
                    throw APITokenStoreError.unavailable(
                        "The API tokens could not be read since the start; the log of F2S says why")
                }
                return try Response(json: ItemList(items: tokens.sorted.map { TokenView($0) }))
            })
    }

    private var create: APIRoute {
        APIRoute(
            .post, "/tokens", access: .holder(of: .updateSettings), origin: .noPage, content: .json,
            documentation: OperationDocument(
                "createToken",
                "Issues an API token. Only this response contains its text. The caller needs every privilege of the "
                    + "token's groups.",
                takes: OperationDocument.schema("TokenRequest"),
                answers: [.init(201, "The new token.", [.json: OperationDocument.schema("CreatedToken")])],
                problems: [409, 503]),
            handler: { request in
                let body = try TokenBody(request.body)
                let auth = settings()
                guard body.lifetime != nil || !auth.token.requiresExpiry else {
                    throw TokenBody.malformed(
                        "It has no ttl, and f2s.auth.token.require_expiry demands a time of expiry: set ttl, such as "
                            + "720h.")
                }
                try TokenGrant(groups: body.groups, auth).check(request.principal)
                let (token, text) = try make(body)
                guard Principal(name: token.callerName, groups: token.groups, grants: []).isWithinBounds else {
                    throw TokenBody.malformed("The names of its groups are too long together. Name fewer groups.")
                }
                request.audit.concerns(token: token.name)
                try await store.add(token)
                log("An API token was created.", id: token.id, token, by: request.principal)
                var response = try Response(json: TokenView(token, text: text))
                response.status = .created
                return response
            })
    }

    private var revoke: APIRoute {
        APIRoute(
            .delete, "/tokens/{id}", access: .holder(of: .updateSettings), origin: .noPage,
            documentation: OperationDocument(
                "revokeToken", "Revokes an API token: it is refused from now on.",
                answers: [.init(204, "The token is revoked.")], problems: [404, 409, 503]),
            handler: { request in
                let id = request.parameters["id"] ?? ""
                let token = store.tokens.current?[id]
                try await store.remove(id: id)
                request.audit.concerns(token: token?.name ?? id)
                log("An API token was revoked.", id: id, token, by: request.principal)
                return Response(status: .noContent)
            })
    }

    private func make(_ body: TokenBody) throws -> (token: APIToken, text: Secret) {
        do {
            return try APIToken.make(
                name: body.name, groups: body.groups, lifetime: body.lifetime, now: now())
        } catch let error as FieldError {
            throw TokenBody.malformed("\(error).")
        }
    }

    private func log(_ message: Logger.Message, id: String, _ token: APIToken?, by caller: Principal) {
        logger.info(
            message,
            metadata: [
                "id": "\(id.printable)", "name": "\(token?.name ?? "")",
                "groups": "\((token?.groups ?? []).joined(separator: ",").printable)", "by": "\(caller.name.printable)",
            ])
    }
}

/// The privileges that a token of some groups has. A caller must not give more than it has itself.
struct TokenGrant: Sendable {
    private let groups: [String]
    private let grants: Set<Grant>
    /// Groups without privileges in the settings, which may get some later.
    private let unknown: [String]

    init(groups: [String], _ settings: AuthSettings) {
        self.groups = groups
        grants = settings.grants(of: groups)
        unknown = groups.filter { settings.grants(of: [$0]).isEmpty }
    }

    /// Checks that a caller may issue such a token.
    /// - Throws: A ``Problem`` with status 403 that names the privileges that the caller lacks.
    func check(_ caller: Principal) throws(Problem) {
        // A pattern covers another one if it matches its text, because `*` matches `*` and all that it stands for.
        let missing = grants.filter { !caller.may($0.privilege, on: $0.functions.text) }
        guard missing.isEmpty else {
            let names = missing.map(\.description).sorted().joined(separator: ", ")
            throw Self.problem("It would have privileges that you do not have: \(names).")
        }
        // `spec.access` of a function admits members of a group, and a function may trust the names of groups. A caller
        // that may change the function could change both.
        let others = groups.filter { group in !caller.groups.contains { $0.hasSameBytes(as: group) } }
        guard let group = others.first else { return }
        // Otherwise a token could wait for the privileges that a group gets later.
        let later = unknown.first { group in others.contains { $0.hasSameBytes(as: group) } }
        if let later, !Privilege.allCases.allSatisfy({ caller.may($0) }) {
            throw Self.problem(
                "No group \(later.printable) has privileges in f2s.auth.authorization. Only a caller with every "
                    + "privilege may issue a token for such a group.")
        }
        let invoked = grants.filter { $0.privilege == .invoke && !caller.may(.update, on: $0.functions.text) }
        guard let grant = invoked.min(by: { $0.description < $1.description }) else { return }
        throw Self.problem(
            "It could invoke functions as a member of \(group.printable), to which you do not belong. That needs the "
                + "privilege \(Privilege.update.rawValue) for the functions of \(grant).")
    }

    private static func problem(_ detail: String) -> Problem {
        Problem(
            status: 403, title: "The token would have more privileges than its creator", detail: detail, stage: .auth,
            reason: "PrivilegeEscalation")
    }
}
