import F2SModel
import Hummingbird

/// `/docs` and `/`: the documentation of the other routes, for programs and for people.
struct DocumentRoutes: Sendable {
    /// The parts of the page at `/`.
    struct Home: Sendable {
        /// Returns the scheme and authority of the public listener.
        let publicOrigin: @Sendable () -> String
        /// Returns the URL of the console for a client that uses this Host; `nil` if there is no console.
        let console: @Sendable (_ host: String?) -> String?
        /// Returns the current state of F2S.
        let observe: @Sendable (APIRequest) async -> Observation
    }

    /// The routes to describe besides these two.
    let described: [APIRoute]
    let version: String
    /// The parts of the page at `/`; `nil` at the console, which has a page of its own.
    let home: Home?

    var routes: [APIRoute] { [documentation] + (home.map { [route(of: $0)] } ?? []) }

    private var documentation: APIRoute {
        APIRoute(
            .get, "/docs", access: .everybody, origin: .anywhere,
            documentation: OperationDocument(
                "getDocumentation", "This document, or a page if text/html is preferred.",
                answers: [.init(200, "OpenAPI 3.1.", [.json: ["type": "object"], .html: ["type": "string"]])]),
            handler: { request in
                switch AcceptHeader(request.header(.accept)).preferred(of: [.json, .html]) {
                case .html:
                    DocumentPage.response(
                        title: "F2S: the REST API", body: DocumentPage.reference(described + routes))
                default:
                    try Response(
                        json: OpenAPIDocument(
                            routes: described + routes, version: version, pages: home == nil ? .sameOrigin : .none
                        ).json)
                }
            })
    }

    /// The page at `/`, for people who do not use the console. It shows every function and therefore requires the
    /// privilege to read every one.
    private func route(of home: Home) -> APIRoute {
        APIRoute(
            .get, "/", access: .holder(of: .list), origin: .ownHost,
            documentation: OperationDocument(
                "getHome", "The functions and routes as text, or a page if text/html is preferred.",
                answers: [.init(200, "A short text.", [.text: ["type": "string"], .html: ["type": "string"]])]),
            handler: { request in
                let seen = await home.observe(request)
                switch AcceptHeader(request.header(.accept)).preferred(of: [.text, .html]) {
                case .html:
                    return DocumentPage.response(
                        title: "F2S",
                        body: DocumentPage.welcome(console: home.console(request.underlying.head.authority))
                            + DocumentPage.table(of: seen.summaries, rejections: seen.catalog.rejections)
                            + DocumentPage.reference(described + routes))
                default:
                    let functions = DocumentPage.text(
                        of: seen.summaries, rejections: seen.catalog.rejections, origin: home.publicOrigin())
                    let routes = DocumentPage.text(
                        described + routes, version: version, origin: home.publicOrigin())
                    return Response(functions + routes, as: .text)
                }
            })
    }
}
