import F2SModel
import HTTPTypes
import Hummingbird

/// `/session`: the sessions of the console, for its page.
struct ConsoleRoutes: Sendable {
    let callers: CallerSource
    let sessions: any ConsoleSessionProvider
    /// Returns the scheme and authority at which functions are invoked.
    let publicOrigin: @Sendable () -> String

    var routes: [APIRoute] { [session, signIn, signOut] }

    private var session: APIRoute {
        APIRoute(
            .get, "/session", access: .everybody, origin: .ownHost,
            documentation: OperationDocument(
                "getSession", "The ways to sign in, and the caller; null without a valid session.",
                parameters: [Self.proof],
                answers: [.init(200, "The session.", [.json: OperationDocument.schema("ConsoleSession")])],
                problems: [429]),
            handler: { request in
                let caller = try await caller(of: request)
                var response = try Response(
                    json: SessionView(
                        methods: sessions.methods.map { SessionView.Method($0) },
                        caller: caller.map { SessionView.Caller($0.principal) },
                        isProtected: callers.authenticator.isProtected,
                        invocationURL: (request.invocationOrigin ?? publicOrigin()) + "/invoke"))
                if let renewed = caller?.renewed {
                    response.headers[.setCookie] = ConsoleOrigin(request.underlying).setting(renewed)
                }
                return response
            })
    }

    private var signIn: APIRoute {
        APIRoute(
            .post, "/session", access: .everybody, origin: .noPage, content: .json,
            documentation: OperationDocument(
                "signIn",
                "Signs in with a password or a token. The response sets the session cookie, and contains the proof "
                    + "that requests with the session need in X-F2S-Session.",
                takes: OperationDocument.schema("ConsoleCredentials"),
                answers: [
                    .init(
                        200, "The session has begun.", [.json: OperationDocument.schema("ConsoleProof")],
                        headers: ["Set-Cookie"])
                ], problems: [401, 409, 429]),
            handler: { request in
                guard callers.authenticator.isProtected else {
                    throw Problem(
                        status: 409, title: "Callers are not authenticated",
                        detail: "No sign-in is needed, because f2s.auth has no method of authentication.")
                }
                let authorization = try SignInBody.authorization(of: request.body)
                request.audit.claims(callers.authenticator.claimedUser(of: authorization))
                let client = callers.client(request.header(named: "X-Forwarded-For"))?.rateKey
                let session: ConsoleSession
                do throws(CredentialError) {
                    session = try await sessions.signIn(authorization, from: client)
                } catch {
                    throw callers.problem(of: error)
                }
                request.audit.identified(session.user)
                var response = try Response(
                    json: ProofView(proof: session.proof, lifetimeSeconds: session.lifetimeSeconds))
                response.headers[.setCookie] = ConsoleOrigin(request.underlying).setting(session)
                return response
            })
    }

    private var signOut: APIRoute {
        APIRoute(
            .delete, "/session", access: .everybody, origin: .noPage,
            documentation: OperationDocument(
                "signOut",
                "Ends the session. At location, the browser also signs out at the provider; null if there is none.",
                parameters: [Self.proof],
                answers: [
                    .init(
                        200, "The session has ended.", [.json: OperationDocument.schema("ConsoleSignOut")],
                        headers: ["Set-Cookie"])
                ]),
            handler: { request in
                let (origin, credentials) = (ConsoleOrigin(request.underlying), CallerCredentials(request.underlying))
                let ended = await sessions.signOut(
                    cookies: credentials.sessionCookies, proof: credentials.proof, returnTo: "\(origin.url)/")
                if let user = ended.user { request.audit.identified(user) }
                var response = try Response(json: SignOutView(location: ended.location))
                response.headers[.setCookie] = origin.removingSession
                return response
            })
    }

    /// Returns the caller of a request; `nil` if it is not identified.
    /// - Throws: A ``Problem`` if its credentials cannot be checked now.
    private func caller(of request: APIRequest) async throws(Problem) -> IdentifiedCaller? {
        do throws(CredentialError) {
            return try await callers.caller(CallerCredentials(request.underlying))
        } catch {
            guard error.status == 401 else { throw callers.problem(of: error) }
            return nil
        }
    }

    private static let proof = OperationDocument.Parameter.header(
        ConsoleSession.proofFieldName, "The proof of the session.")
}
