import F2SModel
import HTTPTypes
import Hummingbird

/// The routes about authentication and the caller itself, in the form of F2S 0.5.
struct CallerRoutes: Sendable {
    let authenticator: any Authenticator
    /// Returns the settings of authentication.
    let settings: @Sendable () -> AuthSettings

    var routes: [APIRoute] { [methods, providers, signIn, caller, everyUser, signToken] }

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

    private var providers: APIRoute {
        APIRoute(
            .get, "/auth/providers", access: .everybody, origin: .ownHost,
            documentation: OperationDocument(
                "listProviders",
                "The providers at which a user of the command line may sign in, with the client of the command line.",
                answers: [.init(200, "The providers.", [.json: OperationDocument.schema("Providers")])]),
            handler: { _ in
                let issuers = authenticator.methods.contains(.oidc) ? settings().issuers : []
                let providers = issuers.compactMap { issuer in issuer.commandLine.map { ProviderView(issuer, $0) } }
                return try Response(json: ProvidersView(items: providers))
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
                    json: settings().users.map { user in
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
                        "Issue an API token (`f2s token create`), or sign tokens where f2s.auth.token.jwt_secret is "
                        + "known, with HS256 and the claims sub, group and exp."
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

/// The providers for the command line.
struct ProvidersView: Encodable {
    let items: [ProviderView]
}

/// A provider for the command line.
struct ProviderView: Encodable {
    let issuer: String
    let title: String
    let clientID: String
    let clientSecret: String?
    let scopes: [String]

    init(_ issuer: AuthSettings.Issuer, _ client: AuthSettings.Issuer.CommandLine) {
        self.issuer = issuer.url
        title = issuer.login?.title ?? issuer.url
        clientID = client.clientID
        clientSecret = client.clientSecret
        scopes = client.scopes
    }

    private enum CodingKeys: String, CodingKey {
        case issuer, title, scopes
        case clientID = "client_id"
        case clientSecret = "client_secret"
    }
}

/// The answer that credentials are valid, as in F2S 0.5.
struct SignInView: Encodable {
    let status: String
}
