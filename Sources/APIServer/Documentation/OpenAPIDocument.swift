import HTTPTypes

/// The OpenAPI 3.1 document of the REST API, made of what the routes say about themselves.
struct OpenAPIDocument: Sendable {
    /// What is served.
    let routes: [APIRoute]
    /// Version of F2S.
    let version: String

    /// The document.
    var json: JSON {
        [
            "openapi": "3.1.0",
            "info": [
                "title": "F2S", "version": .string(version),
                "summary": "Functions as a Service: declare, look at and delete functions.",
                "description": .string(Self.description),
                "license": ["name": "MIT", "identifier": "MIT"],
            ],
            "servers": [["url": "/"]],
            "paths": paths,
            "components": [
                "schemas": .object(OpenAPISchemas.all),
                "responses": [
                    "Problem": [
                        "description": "What happened and what to do (RFC 9457).",
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
        change something need Content-Type application/json or application/yaml (DELETE needs none), and a Host and, \
        from browsers, an Origin that are F2S' own. Every error is a problem document.
        """
}
