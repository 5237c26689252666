import F2SConfig
import F2SModel
import HTTPTypes
import Hummingbird

/// `/login` and `/login/callback` of the listeners that serve functions: the sign-in at a function (`spec.login`). A
/// browser navigates to both.
struct FunctionLoginRoutes: Sendable {
    let parts: APIServerParts

    var routes: [APIRoute] { [begin, callback] }

    private var begin: APIRoute {
        APIRoute(
            .get, FunctionLogin.path, access: .everybody, origin: .ownHost,
            documentation: OperationDocument(
                "beginFunctionLogin", "Leads the browser to the console, where the user signs in at a function.",
                parameters: [.query("to", "The path and query of the function, such as /invoke/report?year=2026.")],
                answers: [.init(302, "The console.", headers: ["Location", "Set-Cookie"])], problems: [400, 409]),
            handler: { request in
                let target = try LoginTarget(FormFields.fields(of: request.underlying.uri.query ?? "")["to"])
                let logins = try logins
                guard let console = parts.consoleURL(for: request.underlying.head.authority) else {
                    throw Problem(InvocationError.apiUnavailable, function: nil)
                }
                try checkReach(of: request.underlying.head.authority)
                let cookies = LoginCookies(request.underlying)
                let begun: (cookie: String, state: String)
                do throws(CredentialError) {
                    begun = try logins.beginLogin(reusing: cookies.states(in: request.underlying.headers))
                } catch {
                    throw Problem(InvocationError.unauthenticated(error), function: nil)
                }
                let page = console.dropLast() + FunctionLogin.path
                let location = FormText.url(String(page), with: [("to", target.text), ("state", begun.state)])
                return Response(
                    status: .found,
                    headers: [.location: location, .setCookie: cookies.settingState(begun.cookie)])
            })
    }

    private var callback: APIRoute {
        APIRoute(
            .get, FunctionLogin.callbackPath, access: .everybody, origin: .ownHost,
            documentation: OperationDocument(
                "finishFunctionLogin", "Signs the user in at a function, and leads the browser back to it.",
                parameters: [.query("ticket", "The ticket of the console.")],
                answers: [.init(303, "The function.", headers: ["Location", "Set-Cookie"])]
                    + [401, 503].map { .init($0, "A page with the reason.", [.html: ["type": "string"]]) },
                problems: [400, 404, 409]),
            handler: { request in
                let fields = FormFields.fields(of: request.underlying.uri.query ?? "")
                guard let ticket = fields["ticket"], !ticket.isEmpty else { throw Self.withoutTicket }
                let (logins, cookies) = (try logins, LoginCookies(request.underlying))
                let login: FunctionLogin
                do throws(CredentialError) {
                    let states = cookies.states(in: request.underlying.headers)
                    login = try logins.redeem(ticket: ticket, stateCookies: states)
                } catch {
                    return failure(error, console: parts.consoleURL(for: request.underlying.head.authority))
                }
                let function = parts.catalog.current.function(of: login.function)
                guard let function, function.draft.offersLogin else { throw Self.withoutFunction }
                return Self.withoutReferrer(
                    Response(
                        status: .seeOther,
                        headers: [.location: login.target, .setCookie: cookies.setting(login, at: function.route)]))
            })
    }

    /// Rejects a browser of another machine if the console can only be reached from this one: the browser would look
    /// for the console on the user's machine, where another program may ask for the password.
    private func checkReach(of host: String?) throws(Problem) {
        guard parts.settings.current.consoleURL == nil,
            parts.console?.authority().flatMap({ Authority($0) })?.isLoopback == true,
            host.flatMap({ Authority($0) })?.isLoopback == false
        else { return }
        throw Problem(
            status: 409, title: "The console cannot be reached from here",
            detail: "The console listens on this machine only. Set f2s.console_url to the URL at which browsers reach "
                + "it, or give --console another address.")
    }

    /// The provider of sign-ins.
    /// - Throws: A ``Problem`` with status 409 if there is none.
    private var logins: any FunctionLoginProvider {
        get throws(Problem) {
            guard parts.authenticator.isProtected else { throw Self.unprotected }
            guard let console = parts.console else { throw Self.withoutConsole }
            return console.logins
        }
    }

    /// Creates the page of a sign-in that has failed.
    /// - Parameter console: The URL of the console; `nil` if it is not known.
    private func failure(_ error: CredentialError, console: String?) -> Response {
        let text =
            error == .sessionEnded
            ? "The sign-in was begun in another browser or at another address of F2S, it took too long, or it was "
                + "finished before. Open the function again." : error.text
        let link = console.map { "<p><a href=\"\(DocumentPage.escaped($0))\">Open the console</a></p>\n" } ?? ""
        let body = "<p role=\"alert\">\(DocumentPage.escaped(text))</p>\n\(link)"
        var response = DocumentPage.response(
            title: "F2S: sign-in", body: body, status: HTTPResponse.Status(code: error.status))
        // A browser would ask for a password by a dialog of its own if the scheme were Basic.
        if error.status == 401 { response.headers[.wwwAuthenticate] = CallerSource.sessionChallenge }
        return Self.withoutReferrer(response)
    }

    /// Keeps the ticket in the URL of a response from other pages.
    private static func withoutReferrer(_ response: Response) -> Response {
        var response = response
        if let name = HTTPField.Name("Referrer-Policy") { response.headers[name] = "no-referrer" }
        return response
    }

    /// The problem of a sign-in at an installation without authentication.
    static let unprotected = Problem(
        status: 409, title: "Callers are not authenticated",
        detail: "No sign-in is needed, because f2s.auth has no method of authentication. Open the function itself.")

    private static let withoutConsole = Problem(
        status: 409, title: "There is no console",
        detail: "Users sign in at the console, and this F2S has none. Start f2s serve with --console, or send an "
            + "Authorization field to the function.")

    private static let withoutTicket = Problem(
        status: 400, title: "The ticket is missing",
        detail: "The console leads a browser here with a ticket. Open the function instead.")

    private static let withoutFunction = Problem(
        status: 404, title: "No such function",
        detail: "The function was deleted during the sign-in, or its spec.login is not true any more.")
}
