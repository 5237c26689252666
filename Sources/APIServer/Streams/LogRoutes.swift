import F2SModel
import Hummingbird
import NIOCore
import ServiceLifecycle

/// `/functions/{name}/logs`: the lines that a function's replicas have written and continue to write.
struct LogRoutes: Sendable {
    private let functions: any FunctionStore
    private let replicas: any ReplicaRuntime

    /// The numbers of lines that a request may ask for.
    static let tailAllowed = 0...10_000
    /// The number of lines if the request names none.
    static let tailDefault = 100

    init(parts: APIServerParts) {
        functions = parts.platform.functions
        replicas = parts.platform.replicas
    }

    var routes: [APIRoute] { [logs] }

    private var logs: APIRoute {
        APIRoute(
            .get, "/functions/{name}/logs", access: .holder(of: .logs), origin: .ownHost,
            documentation: OperationDocument(
                "getLogs", "The lines of the replicas, oldest first. The text format is: TIME REPLICA text.",
                parameters: [
                    .query(
                        "tail", "The maximum number of newest lines.",
                        schema: [
                            "type": "integer", "minimum": .number(Self.tailAllowed.lowerBound),
                            "maximum": .number(Self.tailAllowed.upperBound), "default": .number(Self.tailDefault),
                        ]),
                    .query(
                        "follow", "Continue with new lines until the client disconnects.",
                        schema: ["type": "boolean", "default": false]),
                ],
                answers: [
                    .init(200, "The lines.", [.text: ["type": "string"], .lines: OperationDocument.schema("LogLine")])
                ], problems: [400, 404]),
            handler: { request in
                let tail = try request.number("tail", default: Self.tailDefault, allowed: Self.tailAllowed)
                let follow = try request.flag("follow", default: false)
                let accept = AcceptHeader(request.header(.accept))
                let format: LogFormat = accept.preferred(of: [.text, .lines]) == .lines ? .lines : .text
                let id = try await functions.fetch(request.functionName(), for: request.principal).id
                let write: Response.PartWriter = { [replicas] writer in
                    let lines = replicas.logs(of: id, tail: tail, follow: follow)
                    for try await line in lines.cancelOnGracefulShutdown() {
                        try await writer.write(ByteBuffer(string: format.line(line)))
                    }
                }
                return follow ? .stream(format.type, to: request, write) : .parts(format.type, write)
            })
    }
}
