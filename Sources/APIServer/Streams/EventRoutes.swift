import F2SModel
import FoundationEssentials
import Hummingbird
import NIOCore
import ServiceLifecycle

/// `/events`: what has happened, as a list or as a stream of server-sent events.
struct EventRoutes: Sendable {
    let events: any Events
    /// Silence after which a comment is sent.
    let keepAlive: Duration

    var routes: [APIRoute] {
        [
            APIRoute(
                .get, "/events", access: .holder(of: .read), origin: .ownHost,
                documentation: OperationDocument(
                    "getEvents", "What has happened: the events that are remembered, then each as it happens.",
                    parameters: [
                        .query(
                            "follow", "false answers the list and ends; so does Accept: application/json.",
                            schema: ["type": "boolean", "default": true]),
                        .header(
                            "Last-Event-ID", "The last event that the client has seen; browsers send it."),
                    ],
                    answers: [
                        .init(
                            200, "The events.",
                            [.events: ["type": "string"], .json: OperationDocument.schema("EventList")])
                    ], problems: [400]),
                handler: { request in
                    let wantsList = AcceptHeader(request.header(.accept)).preferred(of: [.events, .json]) == .json
                    let goesOn = try request.flag("follow", default: !wantsList)
                    let seen = request.header(named: "Last-Event-ID").flatMap { UInt64($0) }
                    let cursor = EventCursor(after: seen)
                    guard goesOn else {
                        return try Response(json: ItemList(items: events.currentEvents(after: cursor.last)))
                    }
                    return .stream(.events, to: request) { writer in try await follow(from: cursor, to: &writer) }
                })
        ]
    }

    /// Off the caller's actor like every ``Response/PartWriter``.
    @concurrent
    private func follow(from start: EventCursor, to writer: inout any ResponseBodyWriter) async throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var cursor = start
        try await writer.write(ByteBuffer(string: "retry: 2000\n\n"))
        // One wake-up for both reasons to look again: news, or a long silence. Which of them it was does not matter.
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [events] in for await _ in events.arrivals() { wake.yield() } }
            group.addTask { [keepAlive] in
                while true {
                    try await Task.sleep(for: keepAlive)
                    wake.yield()
                }
            }
            defer { group.cancelAll() }
            for try await _ in wakes.cancelOnGracefulShutdown() {
                let text = try cursor.text(of: events.currentEvents(after: cursor.last), encode: encoder.text)
                try await writer.write(ByteBuffer(string: text.isEmpty ? ": \n\n" : text))
            }
        }
    }
}
