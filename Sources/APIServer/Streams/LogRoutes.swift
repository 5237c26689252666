import F2SModel
import Hummingbird
import NIOCore
import ServiceLifecycle

/// `/functions/{name}/logs`: what a function's replicas have written, and what they write.
struct LogRoutes: Sendable {
    private let functions: any FunctionStore
    private let replicas: any ReplicaRuntime

    /// Lines that may be asked for at once.
    static let tailAllowed = 0...10_000
    /// Lines when nobody says how many.
    static let tailDefault = 100

    init(parts: APIServerParts) {
        functions = parts.platform.functions
        replicas = parts.platform.replicas
    }

    var routes: [APIRoute] { [logs] }

    private var logs: APIRoute {
        APIRoute(
            .get, "/functions/{name}/logs", access: .holder(of: .read), origin: .ownHost,
            documentation: OperationDocument(
                "getLogs", "What the replicas have written, oldest first; as text: TIME REPLICA text.",
                parameters: [
                    .query(
                        "tail", "At most so many of the newest lines.",
                        schema: [
                            "type": "integer", "minimum": .number(Self.tailAllowed.lowerBound),
                            "maximum": .number(Self.tailAllowed.upperBound), "default": .number(Self.tailDefault),
                        ]),
                    .query(
                        "follow", "Go on with what they write from now on; the stream ends when the client leaves.",
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
                let id = try await functions.fetch(request.functionName()).id
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
