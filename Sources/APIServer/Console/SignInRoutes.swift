import F2SModel
import HTTPTypes
import Hummingbird

/// `/session/begin` and `/session/callback`: the sign-in at a provider. A browser navigates to both.
struct SignInRoutes: Sendable {
    let sessions: any ConsoleSessionProvider

    var routes: [APIRoute] {
        [
            begin, callback("getCallback", at: ConsoleOrigin.callbackPath),
            callback("getProviderCallback", at: ConsoleOrigin.providerCallbackPath),
            finish("finishSignIn", at: ConsoleOrigin.callbackPath),
            finish("finishProviderSignIn", at: ConsoleOrigin.providerCallbackPath),
        ]
    }

    private var begin: APIRoute {
        APIRoute(
            .get, "/session/begin", access: .everybody, origin: .entry,
            documentation: OperationDocument(
                "beginSignIn", "Leads the browser to a provider.",
                parameters: [
                    .query("provider", "The URL of the provider, from the methods of GET /session."),
                    .query("tab", "A random text of 16 to 100 characters, which POST /session/callback must repeat."),
                ],
                answers: [.init(302, "The page of the provider.", headers: ["Location", "Set-Cookie"])]
                    + [400, 404, 503].map { .init($0, "A page with the reason.", [.html: ["type": "string"]]) }),
            handler: { request in
                let origin = ConsoleOrigin(request.underlying)
                let fields = FormFields.fields(of: request.underlying.uri.query ?? "")
                do throws(SignInError) {
                    let begun = try await sessions.beginSignIn(
                        at: fields["provider"] ?? "", callback: origin.callback, tab: fields["tab"] ?? "")
                    return Response(
                        status: .found,
                        headers: [.location: begun.location, .setCookie: origin.settingSignIn(begun.cookie)])
                } catch {
                    return ConsolePage.failure(error)
                }
            })
    }

    /// A page that decides nothing, because any site can lead a browser here. Its script finishes the sign-in if this
    /// tab has begun it. A redirect would not do: a browser does not send the session cookie along a chain of redirects
    /// that another site has begun, because of `SameSite=Strict`.
    private func callback(_ name: String, at path: String) -> APIRoute {
        APIRoute(
            .get, path, access: .everybody, origin: .entry,
            documentation: OperationDocument(
                name,
                "The page to which a provider leads the browser after a sign-in (RFC 6749 section 4.1.2).",
                parameters: [
                    .query("code", "The code of the sign-in."), .query("state", "The state of the sign-in."),
                    .query("iss", "The provider (RFC 9207)."), .query("error", "The reason of a failure."),
                ],
                answers: [.init(200, "A page that finishes the sign-in.", [.html: ["type": "string"]])]),
            handler: { _ in ConsolePage.callback })
    }

    private func finish(_ name: String, at path: String) -> APIRoute {
        APIRoute(
            .post, path, access: .everybody, origin: .noPage, content: .json,
            documentation: OperationDocument(
                name, "Begins a session after a sign-in at a provider.",
                takes: OperationDocument.schema("ConsoleCallback"),
                answers: [
                    .init(
                        200, "The session has begun.", [.json: OperationDocument.schema("ConsoleProof")],
                        headers: ["Set-Cookie"])
                ], problems: [403, 503]),
            handler: { request in
                let origin = ConsoleOrigin(request.underlying)
                let body = try CallbackBody(request.body)
                let session: ConsoleSession
                do throws(SignInError) {
                    session = try await sessions.finishSignIn(
                        FormFields.fields(of: body.query), cookies: origin.signIns(in: request.underlying.headers),
                        callback: origin.url + request.underlying.uri.path, tab: body.tab)
                } catch {
                    throw Problem(status: error.status, title: "The sign-in failed", detail: error.text, stage: .auth)
                }
                request.audit.identified(session.user)
                var response = try Response(
                    json: ProofView(proof: session.proof, lifetimeSeconds: session.lifetimeSeconds))
                response.headers[values: .setCookie] = [origin.setting(session), origin.removingSignIn]
                return response
            })
    }
}
