import HTTPTypes

/// The OpenAPI 3.1 document of the REST API, built from the documentation of the routes.
struct OpenAPIDocument: Sendable {
    /// The routes to describe.
    let routes: [APIRoute]
    /// The version of F2S.
    let version: String
    /// The pages that may send requests to the listener.
    let pages: OriginPolicy.Pages

    /// The document.
    var json: JSON {
        [
            "openapi": "3.1.0",
            "info": [
                "title": "F2S", "version": .string(version),
                "summary": "Functions as a Service: declare, inspect and delete functions.",
                "description": .string(description),
                "license": ["name": "MIT", "identifier": "MIT"],
            ],
            "servers": [["url": "/"]],
            "paths": paths,
            "components": [
                "schemas": .object(schemas),
                "responses": [
                    "Problem": [
                        "description": "A description of the failure and its remedy (RFC 9457).",
                        "content": ["application/problem+json": ["schema": OperationDocument.schema("Problem")]],
                    ]
                ],
            ],
        ]
    }

    private var paths: JSON {
        var paths: [String: [String: JSON]] = [:]
        for route in routes {
            paths[route.path, default: [:]][route.method.rawValue.lowercased()] = route.documentation.json(for: route)
        }
        return .object(paths.mapValues { .object($0) })
    }

    private var schemas: [String: JSON] {
        switch pages {
        case .none: OpenAPISchemas.all
        case .sameOrigin: OpenAPISchemas.all.merging(OpenAPISchemas.console) { first, _ in first }
        }
    }

    private var description: String {
        let origins =
            switch pages {
            case .none: "must not come from a web page"
            case .sameOrigin: "must not come from a web page of another origin"
            }
        return """
            Functions themselves are invoked at /invoke/<endpoint>; that path is not part of this document. Requests \
            that declare a function need Content-Type application/json or application/yaml. Most requests need a Host \
            that belongs to F2S, and \(origins). Every error is a problem document.
            """
    }
}
