import HTTPTypes

/// The OpenAPI 3.1 document of the REST API, built from the documentation of the routes.
struct OpenAPIDocument: Sendable {
    /// The routes to describe.
    let routes: [APIRoute]
    /// The version of F2S.
    let version: String

    /// The document.
    var json: JSON {
        [
            "openapi": "3.1.0",
            "info": [
                "title": "F2S", "version": .string(version),
                "summary": "Functions as a Service: declare, inspect and delete functions.",
                "description": .string(Self.description),
                "license": ["name": "MIT", "identifier": "MIT"],
            ],
            "servers": [["url": "/"]],
            "paths": paths,
            "components": [
                "schemas": .object(OpenAPISchemas.all),
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

    private static let description = """
        Functions themselves are invoked at /invoke/<endpoint>; that path is not part of this document. Requests that \
        declare a function need Content-Type application/json or application/yaml. Most requests need a Host that \
        belongs to F2S, and must not come from a web page. Every error is a problem document.
        """
}
