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
                .get, "/events", access: .partialHolder(of: .list), origin: .ownHost,
                documentation: OperationDocument(
                    "getEvents", "The remembered events, followed by each new event as it occurs.",
                    parameters: [
                        .query(
                            "function",
                            "The only function to return events of. Without it, the caller needs the privilege for "
                                + "every function.", schema: OperationDocument.schema("Name")),
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
                    let function = try Self.function(of: request)
                    let wantsList = AcceptHeader(request.header(.accept)).preferred(of: [.events, .json]) == .json
                    let goesOn = try request.flag("follow", default: !wantsList)
                    let seen = request.header(named: "Last-Event-ID").flatMap { UInt64($0) }
                    let cursor = EventCursor(after: seen)
                    guard goesOn else {
                        return try Response(json: ItemList(items: currentEvents(of: function, after: cursor.last)))
                    }
                    return .stream(.events, to: request) { writer in
                        try await follow(function, from: cursor, to: &writer)
                    }
                })
        ]
    }

    /// Returns the function that a request names; `nil` if it asks for the events of all functions.
    /// - Throws: A ``Problem``: 400 if the query does not name one function, 403 if the caller may not read the events.
    private static func function(of request: APIRequest) throws(Problem) -> FunctionName? {
        let texts = request.queries("function")
        guard let text = texts.first else {
            guard request.principal.may(.list) else { throw Problem.forbidden(.list) }
            return nil
        }
        guard texts.count == 1 else {
            throw Problem(
                status: 400, title: "The query is malformed",
                detail: "It names \(texts.count) functions. Name one, or none for the events of all.")
        }
        let name: FunctionName
        do throws(FieldError) {
            name = try FunctionName(text, field: "the query parameter function")
        } catch {
            throw Problem(status: 400, title: "The query is malformed", detail: "\(error).")
        }
        try request.principal.require(.list, on: name)
        return name
    }

    /// Returns the remembered events after a number, oldest first.
    /// - Parameter function: The only function to return events of; `nil` for all.
    private func currentEvents(of function: FunctionName?, after sequence: UInt64) -> [Event] {
        let all = events.currentEvents(after: sequence)
        guard let function else { return all }
        return all.filter { $0.function == function.text }
    }

    /// Runs off the caller's actor, like every ``Response/PartWriter``.
    @concurrent
    private func follow(
        _ function: FunctionName?, from start: EventCursor, to writer: inout any ResponseBodyWriter
    ) async throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var cursor = start
        try await writer.write(ByteBuffer(string: "retry: 2000\n\n"))
        // One signal serves both reasons to write: new events, or a long silence. The reason does not matter.
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                var seen = start.last
                var isFirst = true
                for await _ in events.arrivals() {
                    // Events of other functions do not wake the stream. It writes at once, so that a client knows that
                    // it is connected.
                    let newest = currentEvents(of: function, after: seen).last
                    guard newest != nil || isFirst else { continue }
                    isFirst = false
                    seen = newest?.sequence ?? seen
                    wake.yield()
                }
            }
            group.addTask { [keepAlive] in
                while true {
                    try await Task.sleep(for: keepAlive)
                    wake.yield()
                }
            }
            defer { group.cancelAll() }
            for try await _ in wakes.cancelOnGracefulShutdown() {
                let new = currentEvents(of: function, after: cursor.last)
                let text = try cursor.text(of: new, encode: encoder.text)
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
