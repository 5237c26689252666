import F2SModel
import HTTPTypes
import Hummingbird

/// The routes about authentication and the caller itself, in the form of F2S 0.5.
struct CallerRoutes: Sendable {
    let authenticator: any Authenticator

    var routes: [APIRoute] { [methods, caller] }

    private var methods: APIRoute {
        APIRoute(
            .get, "/auth/type", access: .everybody, origin: .ownHost,
            documentation: OperationDocument(
                "getAuthentication", "The methods of authentication, separated by commas.",
                answers: [.init(200, "The methods.", [.text: ["type": "string"]])]),
            handler: { _ in
                Response(authenticator.methods.map(\.rawValue).joined(separator: ",") + "\n", as: .text)
            })
    }

    private var caller: APIRoute {
        APIRoute(
            .get, "/users/me", access: .authenticated, origin: .ownHost,
            documentation: OperationDocument(
                "getCaller", "The caller, as its credentials name it, and its privileges.",
                answers: [.init(200, "The caller.", [.json: OperationDocument.schema("Caller")])]),
            handler: { request in
                let caller = request.principal
                return try Response(
                    json: CallerView(
                        username: caller.name, group: caller.groups.first ?? "", groups: caller.groups,
                        privileges: caller.grants.map(\.description).sorted()))
            })
    }
}

/// A caller. The capital letters are those of F2S 0.5.
struct CallerView: Encodable {
    let username: String
    let group: String
    let groups: [String]
    let privileges: [String]

    private enum CodingKeys: String, CodingKey {
        case username = "Username"
        case group = "Group"
        case groups, privileges
    }
}
