import F2SModel
import Hummingbird

/// `/docs` and `/`: what the other routes are, for programs and for people.
struct DocumentRoutes: Sendable {
    /// The routes beside these.
    let described: [APIRoute]
    let version: String
    /// Where the public listener is reachable.
    let publicAuthority: @Sendable () -> String
    /// What F2S sees now.
    let observe: @Sendable (APIRequest) async -> Observation

    var routes: [APIRoute] { [documentation, home] }

    private var documentation: APIRoute {
        APIRoute(
            .get, "/docs", access: .everybody, origin: .anywhere,
            documentation: OperationDocument(
                "getDocumentation", "This document; a page where text/html is preferred.",
                answers: [.init(200, "OpenAPI 3.1.", [.json: ["type": "object"], .html: ["type": "string"]])]),
            handler: { request in
                switch AcceptHeader(request.header(.accept)).preferred(of: [.json, .html]) {
                case .html: Self.page("F2S: the REST API", DocumentPage.reference(described + routes))
                default: try Response(json: OpenAPIDocument(routes: described + routes, version: version).json)
                }
            })
    }

    /// Until there is a web page of its own. It shows functions, so that it asks for what their list asks for.
    private var home: APIRoute {
        APIRoute(
            .get, "/", access: .holder(of: .read), origin: .ownHost,
            documentation: OperationDocument(
                "getHome", "The functions, and what F2S serves; a page where text/html is preferred.",
                answers: [.init(200, "A short text.", [.text: ["type": "string"], .html: ["type": "string"]])]),
            handler: { request in
                let seen = await observe(request)
                switch AcceptHeader(request.header(.accept)).preferred(of: [.text, .html]) {
                case .html:
                    return Self.page(
                        "F2S",
                        DocumentPage.welcome + DocumentPage.table(of: seen.summaries, refusals: seen.catalog.refusals)
                            + DocumentPage.reference(described + routes))
                default:
                    let functions = DocumentPage.text(
                        of: seen.summaries, refusals: seen.catalog.refusals, authority: publicAuthority())
                    let routes = DocumentPage.text(described + routes, version: version, authority: publicAuthority())
                    return Response(functions + routes, as: .text)
                }
            })
    }

    /// A page loads nothing, runs nothing and cannot be framed.
    private static func page(_ title: String, _ body: String) -> Response {
        var response = Response(DocumentPage.html(title: title, body: body), as: .html)
        response.headers[.contentSecurityPolicy] = "default-src 'none'; style-src 'unsafe-inline'"
        return response
    }
}
