import Hummingbird

/// `/docs` and `/`: what the other routes are, for programs and for people.
struct DocumentRoutes: Sendable {
    /// The routes beside these.
    let described: [APIRoute]
    let version: String
    /// Where the public listener is reachable.
    let publicAuthority: @Sendable () -> String

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

    private var home: APIRoute {
        APIRoute(
            .get, "/", access: .everybody, origin: .anywhere,
            documentation: OperationDocument(
                "getHome", "What F2S is and what it serves; a page where text/html is preferred.",
                answers: [.init(200, "A short text.", [.text: ["type": "string"], .html: ["type": "string"]])]),
            handler: { request in
                switch AcceptHeader(request.header(.accept)).preferred(of: [.text, .html]) {
                case .html: Self.page("F2S", DocumentPage.welcome + DocumentPage.reference(described + routes))
                default:
                    Response(
                        DocumentPage.text(described + routes, version: version, authority: publicAuthority()), as: .text
                    )
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
