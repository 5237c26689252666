import F2SModel
import FoundationEssentials
import Hummingbird
import NIOCore
import ServiceLifecycle

/// `/events`: the events, as a list or as a stream of server-sent events.
struct EventRoutes: Sendable {
    let events: any Events
    /// The silence after which a comment is sent.
    let keepAlive: Duration

    var routes: [APIRoute] {
        [
            APIRoute(
                .get, "/events", access: .holder(of: .list), origin: .ownHost,
                documentation: OperationDocument(
                    "getEvents", "The remembered events, followed by each new event as it occurs.",
                    parameters: [
                        .query(
                            "follow", "If false, the response is only the list, as with Accept: application/json.",
                            schema: ["type": "boolean", "default": true]),
                        .header(
                            "Last-Event-ID", "The last event that the client has received; browsers send this."),
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

    /// Runs off the caller's actor, like every ``Response/PartWriter``.
    @concurrent
    private func follow(from start: EventCursor, to writer: inout any ResponseBodyWriter) async throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var cursor = start
        try await writer.write(ByteBuffer(string: "retry: 2000\n\n"))
        // One signal serves both reasons to write: new events, or a long silence. The reason does not matter.
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

/// The position of an event stream.
struct EventCursor: Sendable, Hashable {
    private(set) var last: UInt64

    /// Begins after `last`, the number of the last event that the client has received (Last-Event-ID). Every process of
    /// the installation uses the same numbers, so a client may continue at another process.
    init(after last: UInt64?) { self.last = last ?? 0 }

    /// Returns the text of a server-sent event (WHATWG HTML section 9.2) for each event, and advances the cursor.
    mutating func text(of events: [Event], encode: (Event) throws -> String) rethrows -> String {
        try events.map { event in
            last = max(last, event.sequence)
            return "id: \(event.sequence)\ndata: \(try encode(event))\n\n"
        }.joined()
    }
}
