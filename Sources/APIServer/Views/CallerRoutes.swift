import F2SModel
import HTTPTypes
import Hummingbird

/// The routes about authentication and the caller itself, in the form of F2S 0.5.
struct CallerRoutes: Sendable {
    let authenticator: any Authenticator
    /// Returns the users of the settings.
    let users: @Sendable () -> [AuthSettings.User]

    var routes: [APIRoute] { [methods, signIn, caller, everyUser, signToken] }

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

    /// The route by which clients of F2S 0.5 find out if their credentials are right.
    private var signIn: APIRoute {
        APIRoute(
            .get, "/auth/signin", access: .authenticated, origin: .ownHost,
            documentation: OperationDocument(
                "checkCredentials", "The status ok, if the credentials are valid.",
                answers: [.init(200, "The status.", [.json: OperationDocument.schema("SignIn")])]),
            handler: { _ in try Response(json: SignInView(status: "ok")) })
    }

    private var everyUser: APIRoute {
        APIRoute(
            .get, "/users", access: .holder(of: .viewSettings), origin: .ownHost,
            documentation: OperationDocument(
                "listUsers", "The users of f2s.auth.basic with their groups. Callers with tokens are not among them.",
                answers: [.init(200, "The users.", [.json: OperationDocument.schema("Users")])]),
            handler: { _ in
                try Response(
                    json: users().map { user in
                        UserView(username: user.name, group: user.groups.first ?? "", groups: user.groups)
                    })
            })
    }

    /// F2S 0.5 signed every text that any client sent.
    private var signToken: APIRoute {
        APIRoute(
            .post, "/auth/signjwt", access: .everybody, origin: .noPage,
            documentation: OperationDocument(
                "signToken", "Gone: F2S signs no tokens any more.", answers: [], problems: [410]),
            handler: { _ in
                throw Problem(
                    status: 410, title: "F2S signs no tokens any more",
                    detail:
                        "Sign tokens where f2s.auth.token.jwt_secret is known, with HS256 and the claims sub, group "
                        + "and exp."
                )
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

/// A user of the settings. The capital letters are those of F2S 0.5.
struct UserView: Encodable {
    let username: String
    let group: String
    let groups: [String]

    private enum CodingKeys: String, CodingKey {
        case username = "Username"
        case group = "Group"
        case groups
    }
}

/// The answer that credentials are valid, as in F2S 0.5.
struct SignInView: Encodable {
    let status: String
}
