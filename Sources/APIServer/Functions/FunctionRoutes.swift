import F2SManifest
import F2SModel
import FoundationEssentials
import HTTPTypes
import Hummingbird

/// `/functions` and `/functions/{name}`: the declarations in the store. Responses come from the store itself and not
/// from the catalogue, so that a client reads its own writes.
struct FunctionRoutes: Sendable {
    private let functions: any FunctionStore
    private let lists: ListLimit
    private let requestStart: @Sendable (Function.ID) -> Void

    init(parts: APIServerParts, lists: ListLimit) {
        functions = parts.platform.functions
        self.lists = lists
        requestStart = parts.requestStart
    }

    var routes: [APIRoute] { [list, create, read, replace, delete, start, restart] }

    private var restart: APIRoute {
        APIRoute(
            .post, "/functions/{name}/restart", access: .holder(of: .update), origin: .noPage,
            documentation: OperationDocument(
                "restartFunction",
                "Replaces every replica by one of the same declaration, one by one. A function that could not be "
                    + "started is tried again at once.",
                parameters: [.output],
                answers: [Self.answer(202, "The replicas are being replaced.", headers: ["ETag"])],
                problems: [400, 404]),
            handler: { request in
                let output = try request.output()
                let name = try await functions.fetch(request.functionName(), for: request.principal).name
                var response = Self.answer(try await functions.restart(name, by: request.principal.user), as: output)
                response.status = .accepted
                return response
            })
    }

    private var start: APIRoute {
        APIRoute(
            .post, "/functions/{name}/start", access: .holder(of: .invoke), origin: .noPage,
            documentation: OperationDocument(
                "startFunction",
                "Starts a replica if none accepts invocations, without an invocation. A client that waits for it "
                    + "repeats the request at least every 5 s.",
                answers: [.init(202, "It is requested; status.updatedReadyReplicas shows when it is ready.")],
                problems: [404]),
            handler: { request in
                requestStart(try await functions.fetch(request.functionName(), for: request.principal).id)
                return Response(status: .accepted)
            })
    }

    private var list: APIRoute {
        APIRoute(
            .get, "/functions", access: .partialHolder(of: .list), origin: .ownHost,
            documentation: OperationDocument(
                "listFunctions",
                "Every function that the caller may read, in alphabetical order. With limit, metadata.continue is the "
                    + "token of the next page.",
                parameters: [
                    .output, .known,
                    .query(
                        "limit", "The maximum number of functions.",
                        schema: ["type": "integer", "minimum": .number(Self.pageAllowed.lowerBound)]),
                    .query("continue", "The metadata.continue of the previous page."),
                ],
                answers: [
                    .init(
                        200, "The functions.",
                        [
                            .json: OperationDocument.schema("FunctionList"),
                            .yaml: OperationDocument.schema("FunctionList"),
                        ], headers: ["ETag"]), Self.notModified,
                ], problems: [400, 503]),
            handler: { request in
                let output = try request.output()
                let lease = try lists.acquire()
                let all = try await functions.fetchCurrent().functions
                    .filter { request.principal.may(.list, on: $0.name.text) }.sorted { $0.name < $1.name }
                let limit = try request.number("limit", default: .max, allowed: Self.pageAllowed)
                let (page, rest) = Self.page(of: all, after: request.query("continue"), limit: limit)
                let validator = Validator(page)
                guard !validator.isKnown(by: request.header(.ifNoneMatch)) else { return Self.unchanged(validator) }
                let text = FunctionListText(page, as: output == .yaml ? .yaml : .json, before: rest)
                var response = Response.list(output, lease, text)
                response.headers[.eTag] = validator.tag
                return response
            })
    }

    private static let pageAllowed = 1...Int.max

    /// Returns the functions after the one named `token`, and the number of functions after the page. Pages fit
    /// together because names are in order, whatever is declared or deleted in the meantime.
    private static func page(
        of functions: [Function], after token: String?, limit: Int
    ) -> (page: [Function], rest: FunctionListText.Rest?) {
        let left = token.map { token in functions.drop { $0.name.text <= token } } ?? functions[...]
        let page = Array(left.prefix(limit))
        guard let last = page.last, page.count < left.count else { return (page, nil) }
        return (page, FunctionListText.Rest(token: last.name.text, count: left.count - page.count))
    }

    private var create: APIRoute {
        APIRoute(
            .post, "/functions", access: .partialHolder(of: .create), origin: .noPage, content: DeclarationBody.rule,
            documentation: OperationDocument(
                "createFunction", "Declares a function.", parameters: [.output], takesFunction: true,
                answers: [Self.answer(201, "The new function.", headers: ["Location", "ETag"])], problems: [400, 409]),
            handler: { request in
                let output = try request.output()
                let draft = try Self.draft(request)
                request.audit.concerns(draft.name)
                try request.principal.require(.create, on: draft.name)
                try await checkExposure(draft, by: request.principal)
                return try await response(functions.create(draft, by: request.principal.user), as: output, isNew: true)
            })
    }

    private var read: APIRoute {
        APIRoute(
            .get, "/functions/{name}", access: .holder(of: .list), origin: .ownHost,
            documentation: OperationDocument(
                "getFunction", "One function with its status.", parameters: [.output, .known],
                answers: [Self.answer(200, "The function.", headers: ["ETag"]), Self.notModified],
                problems: [400, 404]),
            handler: { request in
                let output = try request.output()
                let stored = try await functions.fetch(request.functionName(), for: request.principal)
                let function = try await withRouteConflict(stored)
                let validator = Validator(function.storeRevision, json: ManifestWriter().json(function))
                guard !validator.isKnown(by: request.header(.ifNoneMatch)) else { return Self.unchanged(validator) }
                return Self.answer(function, as: output)
            })
    }

    private var replace: APIRoute {
        APIRoute(
            .put, "/functions/{name}", access: .partialHolder(of: .update, or: [.create]), origin: .noPage,
            content: DeclarationBody.rule,
            documentation: OperationDocument(
                "putFunction", "Declares a function, or replaces its declaration.",
                parameters: [
                    .output, .ifMatch,
                    .header("If-None-Match", "* declares only a function that does not exist. Otherwise 412."),
                ], takesFunction: true,
                answers: [
                    Self.answer(200, "The function is replaced.", headers: ["ETag"]),
                    Self.answer(201, "The new function.", headers: ["Location", "ETag"]),
                ], problems: [400, 404, 409, 412]),
            handler: { request in
                let output = try request.output()
                let draft = try Self.draft(request)
                let name = try request.functionName()
                guard draft.name == name else {
                    throw Problem(
                        status: 422, title: "The names differ",
                        detail: "The path names \(name), metadata.name is \(draft.name). Make them the same.",
                        function: name)
                }
                let (function, isNew) = try await put(draft, if: Self.preconditions(request), by: request.principal)
                return try await response(function, as: output, isNew: isNew)
            })
    }

    private var delete: APIRoute {
        APIRoute(
            .delete, "/functions/{name}", access: .holder(of: .delete), origin: .noPage,
            documentation: OperationDocument(
                "deleteFunction", "Removes a function; its replicas are stopped.", parameters: [.ifMatch],
                answers: [.init(204, "The function is deleted.")], problems: [400, 404, 409, 412]),
            handler: { request in
                let name = try request.functionName()
                do {
                    try await remove(name, if: Self.preconditions(request), by: request.principal)
                } catch StoreError.notFound {
                    // The problem of this call suggests a similar name.
                    _ = try await functions.fetch(name, for: request.principal)
                    throw StoreError.notFound(name)
                }
                return Response(status: .noContent)
            })
    }

    private func put(
        _ draft: FunctionDraft, if preconditions: Preconditions, by principal: Principal
    ) async throws -> (function: Function, isNew: Bool) {
        let mayUpdate = principal.may(.update, on: draft.name.text)
        // Without either privilege, the response must not depend on whether the function exists.
        guard mayUpdate || principal.may(.create, on: draft.name.text) else { throw Problem.forbidden(.update) }
        try await checkExposure(draft, by: principal)
        switch try await order(preconditions, for: draft.name) {
        case .refuse:
            throw Preconditions.failed(draft.name, because: "The stored version is not the requested one.")
        case .create:
            try principal.require(.create, on: draft.name)
            do {
                return (try await functions.create(draft, by: principal.user), true)
            } catch StoreError.alreadyExists(let name) {
                throw Preconditions.failed(name, because: "\(name) exists.")
            }
        case .change(let revision):
            try principal.require(.update, on: draft.name)
            do {
                return (try await functions.replace(draft, ifRevision: revision, by: principal.user), false)
            } catch StoreError.notFound(let name) {
                throw Preconditions.failed(name, because: "\(name) does not exist.")
            }
        case .changeOrCreate where !mayUpdate:
            do {
                return (try await functions.create(draft, by: principal.user), true)
            } catch StoreError.alreadyExists {
                throw Problem.forbidden(.update)
            }
        case .changeOrCreate:
            do {
                return (try await functions.replace(draft, ifRevision: nil, by: principal.user), false)
            } catch StoreError.notFound {
                try principal.require(.create, on: draft.name)
                // If another client creates the function at the same moment, this one receives 409 and can read it.
                return (try await functions.create(draft, by: principal.user), true)
            }
        }
    }

    /// Rejects a caller without the privilege ``Privilege/expose`` that makes a function public, or that lets a
    /// function receive the credentials of its callers.
    private func checkExposure(_ draft: FunctionDraft, by principal: Principal) async throws {
        let (isPublic, forwards) = (draft.access?.isPublic == true, draft.target.forwardsAuthorization)
        guard isPublic || forwards, !principal.may(.expose, on: draft.name.text) else { return }
        let stored = try await functions.fetchCurrent().functions.first { $0.name == draft.name }?.draft
        guard !isPublic || stored?.access?.isPublic == true, !forwards || stored?.target.forwardsAuthorization == true
        else { throw Problem.forbidden(.expose) }
    }

    private func remove(
        _ name: FunctionName, if preconditions: Preconditions, by principal: Principal
    ) async throws {
        switch try await order(preconditions, for: name) {
        case .changeOrCreate: try await functions.delete(name, ifRevision: nil)
        case .change(let revision): try await functions.delete(name, ifRevision: revision)
        case .create, .refuse:
            // If the response would be 404 in any case, preconditions are ignored (RFC 9110 section 13.2.1).
            let stored = try await functions.fetch(name, for: principal)
            throw Preconditions.failed(name, because: "The stored version is \"\(stored.storeRevision)\".")
        }
    }

    private func order(_ preconditions: Preconditions, for name: FunctionName) async throws -> Preconditions.Order {
        guard preconditions.needStored else { return preconditions.order(stored: nil) }
        let stored = try await functions.fetchCurrent().functions.first { $0.name == name }
        return preconditions.order(stored: stored?.storeRevision)
    }

    private static func draft(_ request: APIRequest) throws -> FunctionDraft {
        try DeclarationBody.draft(of: Array(request.body.readableBytesView))
    }

    private static func preconditions(_ request: APIRequest) throws(Problem) -> Preconditions {
        try Preconditions(ifMatch: request.header(.ifMatch), ifNoneMatch: request.header(.ifNoneMatch))
    }

    private static func unchanged(_ validator: Validator) -> Response {
        var response = Response(status: .notModified)
        response.headers[.eTag] = validator.tag
        return response
    }

    private func response(
        _ function: Function, as output: MediaType, isNew: Bool = false
    ) async throws -> Response {
        Self.answer(try await withRouteConflict(function), as: output, isNew: isNew)
    }

    /// The ETag is the same in every format of the function, because a later If-Match refers to the stored version.
    private static func answer(_ function: Function, as output: MediaType, isNew: Bool = false) -> Response {
        let json = ManifestWriter().json(function)
        let text = output == .yaml ? ManifestWriter().yaml(function) : json
        var response = Response(text, as: output, status: isNew ? .created : .ok)
        response.headers[.eTag] = Validator(function.storeRevision, json: json).tag
        if isNew { response.headers[.location] = "/functions/\(function.name)" }
        return response
    }

    /// Returns the function, with the condition that an older function holds its route, if so. The operator writes the
    /// same condition soon after the declaration, but the client that declares the function must receive it in the
    /// response.
    private func withRouteConflict(_ function: Function) async throws -> Function {
        guard !function.status.conditions.contains(where: { $0.kind == .routeConflict }),
            let holder = try await functions.fetchCurrent().routeHolder(of: function)
        else { return function }
        var function = function
        function.status.conditions.append(
            .routeConflict(
                with: holder.name, route: function.route, since: Int64(Date().timeIntervalSince1970)))
        return function
    }

    private static let notModified = OperationDocument.Answer(
        304, "The client has the current version: If-None-Match contains it.", headers: ["ETag"])

    private static func answer(_ status: Int, _ summary: String, headers: [String]) -> OperationDocument.Answer {
        let schema = OperationDocument.schema("Function")
        return OperationDocument.Answer(status, summary, [.json: schema, .yaml: schema], headers: headers)
    }
}
