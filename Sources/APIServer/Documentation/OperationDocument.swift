import F2SModel

/// The OpenAPI documentation of one route. It is defined beside the route's handler, so that both are changed together.
struct OperationDocument: Sendable {
    /// A query or header parameter; path parameters follow from the path.
    struct Parameter: Sendable {
        /// The location of the parameter.
        enum Location: String, Sendable {
            case query, header
        }

        let name: String
        let location: Location
        let summary: String
        let schema: JSON

        static func query(_ name: String, _ summary: String, schema: JSON = ["type": "string"]) -> Parameter {
            Parameter(name: name, location: .query, summary: summary, schema: schema)
        }

        static func header(_ name: String, _ summary: String) -> Parameter {
            Parameter(name: name, location: .header, summary: summary, schema: ["type": "string"])
        }

        /// The format of the response.
        static let output = query(
            "output", "The format of the response. It has precedence over the Accept header.",
            schema: ["type": "string", "enum": ["json", "yaml"]])
        /// The ETags of a conditional read.
        static let known = header("If-None-Match", "ETags that the client has: 304 if nothing has changed.")
        /// The ETags of a conditional change.
        static let ifMatch = header(
            "If-Match", "Change only this version: an ETag with its quotes, a list of them, or *. Otherwise 412.")
    }

    /// A successful response.
    struct Answer: Sendable {
        let status: Int
        let summary: String
        /// The schema of each media type; empty for a response without content.
        let content: [MediaType: JSON]
        /// The names of the relevant headers.
        let headers: [String]

        init(_ status: Int, _ summary: String, _ content: [MediaType: JSON] = [:], headers: [String] = []) {
            self.status = status
            self.summary = summary
            self.content = content
            self.headers = headers
        }
    }

    /// The unique name of the operation, for generated clients.
    let name: String
    /// A summary of one line.
    let summary: String
    /// The parameters besides those of the path.
    let parameters: [Parameter]
    /// True if the request contains a function.
    let takesFunction: Bool
    /// The schema of the request's JSON; `nil` if the request has none. A function has its own flag.
    let takes: JSON?
    /// The successful responses.
    let answers: [Answer]
    /// The statuses of problems that the route may return. Every route may also return 500 and 503.
    let problems: [Int]

    init(
        _ name: String, _ summary: String, parameters: [Parameter] = [], takesFunction: Bool = false,
        takes: JSON? = nil, answers: [Answer], problems: [Int] = []
    ) {
        self.name = name
        self.summary = summary
        self.parameters = parameters
        self.takesFunction = takesFunction
        self.takes = takes
        self.answers = answers
        self.problems = problems
    }

    /// Returns a reference to one of ``OpenAPISchemas``.
    static func schema(_ name: String) -> JSON { ["$ref": "#/components/schemas/\(name)"] }

    /// Returns the OpenAPI operation object (version 3.1 section 4.8.10) of a route.
    func json(for route: APIRoute) -> JSON {
        var operation: [String: JSON] = [
            "operationId": .string(name), "summary": .string(summary), "responses": responses(for: route),
        ]
        let parameters = pathParameters(of: route.path) + parameters.map(\.json)
        if !parameters.isEmpty { operation["parameters"] = .array(parameters) }
        if takesFunction {
            let content: JSON = ["schema": Self.schema("Function")]
            operation["requestBody"] = [
                "required": true, "content": ["application/json": content, "application/yaml": content],
            ]
        }
        if let takes {
            operation["requestBody"] = ["required": true, "content": ["application/json": ["schema": takes]]]
        }
        if !route.access.privileges.isEmpty {
            let names = route.access.privileges.map(\.rawValue).joined(separator: " or ")
            operation["description"] = .string("Needs the privilege \(names).")
        }
        return .object(operation)
    }

    private func responses(for route: APIRoute) -> JSON {
        var responses: [String: JSON] = ["default": ["$ref": "#/components/responses/Problem"]]
        var problems = Set(problems)
        if route.origin != .anywhere { problems.insert(403) }
        if route.access != .everybody { problems.formUnion([401, 403, 429]) }
        if takesFunction { problems.formUnion([413, 422]) }
        if takes != nil { problems.formUnion([400, 413, 415]) }
        for status in problems { responses["\(status)"] = ["$ref": "#/components/responses/Problem"] }
        for answer in answers { responses["\(answer.status)"] = answer.json }
        return .object(responses)
    }

    private func pathParameters(of path: String) -> [JSON] {
        path.split(separator: "/").filter { $0.hasPrefix("{") }.map { segment in
            [
                "name": .string(String(segment.dropFirst().dropLast())), "in": "path", "required": true,
                "schema": segment == "{generation}" ? ["type": "integer", "minimum": 1] : Self.schema("Name"),
            ]
        }
    }
}

extension OperationDocument.Parameter {
    /// The OpenAPI parameter object.
    var json: JSON {
        [
            "name": .string(name), "in": .string(location.rawValue), "description": .string(summary),
            "required": false, "schema": schema,
        ]
    }
}

extension OperationDocument.Answer {
    /// The OpenAPI response object.
    var json: JSON {
        var answer: [String: JSON] = ["description": .string(summary)]
        if !content.isEmpty {
            let types = content.map { ($0.key.rawValue, ["schema": $0.value] as JSON) }
            answer["content"] = .object(Dictionary(types) { first, _ in first })
        }
        if !headers.isEmpty {
            let fields = headers.map { ($0, ["schema": ["type": "string"]] as JSON) }
            answer["headers"] = .object(Dictionary(fields) { first, _ in first })
        }
        return .object(answer)
    }
}
