import F2SMetrics
import F2SModel
import FoundationEssentials
import Hummingbird
import NIOCore
import ServiceLifecycle

/// `/overview` and `/changes`: the functions as the console lists them, and their changes as they occur.
struct OverviewRoutes: Sendable {
    let overview: Overview
    let sampler: TimeSeriesSampler
    /// Returns a stream that yields after each change of a declaration or a status.
    let arrivals: @Sendable () -> Latest<FunctionSnapshot>.Values
    /// The shortest time between two events of a stream. Replicas are checked for changes as often.
    let interval: Duration
    /// The silence after which a comment is sent.
    let keepAlive: Duration

    var routes: [APIRoute] { [list, changes] }

    private var list: APIRoute {
        APIRoute(
            .get, "/overview", access: .partialHolder(of: .list), origin: .ownHost,
            documentation: OperationDocument(
                "getOverview",
                "The state and the traffic of the functions that the caller may read, page by page. Traffic is what "
                    + "this F2S process has served.",
                parameters: OverviewQuery.parameters,
                answers: [.init(200, "The functions.", [.json: OperationDocument.schema("Overview")])],
                problems: [400]),
            handler: { request in
                let query = try OverviewQuery(request)
                let index = try await overview.fetchIndex()
                return try Response(
                    json: index.page(query, for: request.principal, sampler.current.store), isIndented: false)
            })
    }

    private var changes: APIRoute {
        APIRoute(
            .get, "/changes", access: .partialHolder(of: .list), origin: .ownHost,
            documentation: OperationDocument(
                "watchOverview",
                "Server-sent events. The first contains the named functions; each later one, at most one per second, "
                    + "what has changed.",
                parameters: [
                    .query(
                        "function", "A function to watch. Repeat it for more.",
                        schema: [
                            "type": "array", "items": ["type": "string"], "maxItems": .number(OverviewWatch.namesMax),
                        ]),
                    .query(
                        "follow", "If false, the stream ends after the first event.",
                        schema: ["type": "boolean", "default": true]),
                ],
                answers: [
                    .init(
                        200, "The events. The data of each is a JSON object.",
                        [
                            .events: [
                                "type": "string", "contentMediaType": "application/json",
                                "contentSchema": OperationDocument.schema("OverviewChanges"),
                            ]
                        ])
                ], problems: [400]),
            handler: { request in
                let watch = OverviewWatch(try Self.names(request), for: request.principal)
                guard try request.flag("follow", default: true) else {
                    var watch = watch
                    let text = try await nextEvent(of: &watch) ?? ""
                    return .parts(.events) { writer in try await writer.write(ByteBuffer(string: text)) }
                }
                return .stream(.events, to: request) { writer in try await follow(watch, to: &writer) }
            })
    }

    private static func names(_ request: APIRequest) throws(Problem) -> [FunctionName] {
        let texts = request.queries("function")
        guard texts.count <= OverviewWatch.namesMax else {
            throw Problem(
                status: 400, title: "The query is malformed",
                detail: "It names \(texts.count) functions. Name at most \(OverviewWatch.namesMax).")
        }
        var names: Set<FunctionName> = []
        return try texts.map { text throws(Problem) in
            do throws(FieldError) {
                return try FunctionName(text, field: "the query parameter function")
            } catch {
                throw Problem(status: 400, title: "The query is malformed", detail: "\(error).")
            }
        }.filter { names.insert($0).inserted }
    }

    private func nextEvent(of watch: inout OverviewWatch) async throws -> String? {
        guard let changes = watch.changes(in: try await overview.fetchIndex(), sampler.current.store) else {
            return nil
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return "data: \(try encoder.text(changes))\n\n"
    }

    /// Runs off the caller's actor, like every ``Response/PartWriter``.
    @concurrent
    private func follow(_ start: OverviewWatch, to writer: inout any ResponseBodyWriter) async throws {
        var watch = start
        var writtenAt = ContinuousClock.now
        try await writer.write(ByteBuffer(string: "retry: 2000\n\n"))
        // One signal serves all reasons to look again. The reason does not matter.
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [arrivals] in for await _ in arrivals() { wake.yield() } }
            group.addTask { [sampler] in for await _ in sampler.samples.arrivals() { wake.yield() } }
            group.addTask { [interval] in
                while true {
                    try await Task.sleep(for: interval)
                    wake.yield()
                }
            }
            defer { group.cancelAll() }
            for try await _ in wakes.cancelOnGracefulShutdown() {
                var text = try await nextEvent(of: &watch)
                if text == nil, ContinuousClock.now - writtenAt >= keepAlive { text = ": \n\n" }
                guard let text else { continue }
                try await writer.write(ByteBuffer(string: text))
                writtenAt = .now
                // The end of the server does not have to wait for this time.
                await cancelWhenGracefulShutdown { [interval] in try? await Task.sleep(for: interval) }
            }
        }
    }
}
