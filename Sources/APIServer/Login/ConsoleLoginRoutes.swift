import F2SConfig
import F2SModel
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore

/// `/login` of the console: its page has the console issue a ticket, with which the browser returns to the listener
/// that serves functions (``FunctionLoginRoutes``).
struct ConsoleLoginRoutes: Sendable {
    let callers: CallerSource
    let logins: any FunctionLoginProvider
    let catalog: FunctionCatalog
    /// Returns the scheme and authority at which functions are invoked.
    let publicOrigin: @Sendable () -> String

    var routes: [APIRoute] { [page, issue] }

    /// A page that decides nothing, because any site can lead a browser here.
    private var page: APIRoute {
        APIRoute(
            .get, FunctionLogin.path, access: .everybody, origin: .entry,
            documentation: OperationDocument(
                "getFunctionLogin", "The page to which a function leads the browser of a user who must sign in.",
                parameters: [
                    .query("to", "The path and query of the function."),
                    .query("state", "The text of the sign-in that the browser has begun."),
                ],
                answers: [.init(200, "A page that signs the user in.", [.html: ["type": "string"]])]),
            handler: { _ in ConsolePage.login })
    }

    private var issue: APIRoute {
        APIRoute(
            .post, FunctionLogin.path, access: .authenticated, origin: .noPage, content: .json,
            documentation: OperationDocument(
                "issueFunctionTicket",
                "Issues a ticket for the user of the session. At location, the browser exchanges it for a sign-in at "
                    + "the function.",
                parameters: [.header(ConsoleSession.proofFieldName, "The proof of the session.")],
                takes: OperationDocument.schema("ConsoleLogin"),
                answers: [
                    .init(200, "The ticket was issued.", [.json: OperationDocument.schema("ConsoleLoginTicket")])
                ], problems: [404, 409]),
            handler: { request in
                guard callers.authenticator.isProtected else { throw FunctionLoginRoutes.unprotected }
                // The caller would be that of the field, and the ticket that of the session.
                guard request.header(.authorization) == nil else { throw Self.withoutSession }
                let body = try ConsoleLoginBody(request.body)
                let target = try LoginTarget(body.to)
                guard let function = target.function(in: catalog.current), function.draft.offersLogin else {
                    throw Self.withoutFunction
                }
                request.audit.concerns(function.name)
                let access = function.draft.access ?? .authenticated
                guard access.admits(request.principal, to: function.name) else { throw Problem.forbidden(.invoke) }
                let credentials = CallerCredentials(request.underlying)
                let ticket: String
                do throws(CredentialError) {
                    ticket = try await logins.issueTicket(
                        cookies: credentials.sessionCookies, proof: credentials.proof, state: body.state,
                        function: function.id, target: target.text)
                } catch {
                    throw callers.problem(of: error)
                }
                let callback = (request.invocationOrigin ?? publicOrigin()) + FunctionLogin.callbackPath
                return try Response(
                    json: ConsoleLoginTicketView(location: FormText.url(callback, with: [("ticket", ticket)])))
            })
    }

    private static let withoutSession = Problem(
        status: 400, title: "The request has an Authorization field",
        detail: "A session of the console signs its user in at a function. Other callers send their Authorization "
            + "field to the function itself.")

    private static let withoutFunction = Problem(
        status: 404, title: "No such function",
        detail: "No function with spec.login is declared at this path. `f2s list` shows every path.")
}

/// The body of a request to sign in at a function.
struct ConsoleLoginBody: Decodable {
    /// The path and query of the function.
    let to: String
    /// The text of ``FunctionLoginProvider/beginLogin(reusing:)``.
    let state: String

    /// The length of ``state``: a SHA-256 digest in URL Base64 without padding.
    static let stateBytes = 43

    /// - Throws: A ``Problem`` with status 400.
    init(_ body: ByteBuffer) throws(Problem) {
        guard let content = try? JSONDecoder().decode(Self.self, from: Data(body.readableBytesView)),
            content.state.utf8.count == Self.stateBytes, content.state.utf8.allSatisfy(Self.isURLBase64)
        else {
            throw Problem(
                status: 400, title: "The body is malformed",
                detail: "It must be a JSON object with to, and with the state of GET /login at the listener of the "
                    + "function. Open the function again.")
        }
        self = content
    }

    private static func isURLBase64(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

/// A ticket that was issued.
struct ConsoleLoginTicketView: Encodable, Sendable {
    /// The URL at which the browser exchanges the ticket for a sign-in.
    let location: String
}
