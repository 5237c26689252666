public import F2SModel
import FoundationEssentials

extension FunctionClient {
    /// Passes the log lines of a function's replicas to `each`, oldest first.
    /// - Parameters:
    ///   - tail: The maximum number of past lines, 0…10000; the newest ones are kept.
    ///   - follow: True to continue with new lines until the task is cancelled.
    /// - Throws: ``ClientError``, and the errors of `each`.
    public func logs(
        of name: FunctionName, tail: Int, follow: Bool, _ each: (LogLine) throws -> Void
    ) async throws {
        let request = ClientRequest(
            "GET", path(name) + "/logs?tail=\(tail)&follow=\(follow)", fields: [("accept", "application/x-ndjson")])
        try await lines(of: request) { line in
            guard !line.isEmpty else { return }
            try each(try decode(LogLine.self, line: line))
        }
    }

    /// Returns the events that the server retains, oldest first.
    public func recentEvents() async throws(ClientError) -> [Event] {
        try await decode(ItemList<Event>.self, of: ClientRequest("GET", "/events?follow=false")).items
    }

    /// Passes the retained events with a higher number than `sequence` to `each`, then new events as they happen,
    /// until the task is cancelled.
    /// - Throws: ``ClientError``, and the errors of `each`.
    public func events(after sequence: UInt64 = 0, _ each: (Event) throws -> Void) async throws {
        let request = ClientRequest(
            "GET", "/events", fields: [("accept", "text/event-stream"), ("last-event-id", "\(sequence)")])
        try await lines(of: request) { line in
            // The server writes the content of an event as one `data` line (WHATWG HTML section 9.2). Comments, ids
            // and retry times matter only to a client that reconnects.
            guard line.hasPrefix("data:") else { return }
            try each(try decode(Event.self, line: String(line.dropFirst(5))))
        }
    }

    /// Invokes a function by its name. The response is the function's own, with any status, or a problem of F2S.
    ///
    /// The request names the function in a header field, and the dispatcher rejects it if its route belongs to another
    /// function. The dispatcher itself makes the check, so the check is exact and costs no further request.
    /// - Throws: ``ClientError`` when there is no such function or no response.
    public func invoke(_ name: FunctionName, _ invocation: Invocation) async throws(ClientError) -> ClientAnswer {
        try await transport.send(invocation.request(to: try await get(name)))
    }

    /// Returns the error of an invocation to which F2S itself responded with a problem. If the route belongs to another
    /// function, the reason is the one of the invoked function's condition RouteConflict.
    public func failure(invoking name: FunctionName, _ problem: ServerProblem) async -> ClientError {
        guard problem.reason == InvocationError.otherFunctionReason, let function = try? await get(name),
            let conflict = function.condition(Condition.Kind.routeConflict.rawValue), conflict.isTrue
        else { return .refused(problem) }
        return .cannotInvoke(function: name.text, reason: conflict.words)
    }

    private func lines(of request: ClientRequest, _ each: (String) throws -> Void) async throws {
        let answer = try await success(of: request)
        var splitter = LineSplitter(lineBytesMax: 1 << 20)
        for try await chunk in answer.content {
            for line in splitter.lines(adding: chunk.span) { try each(line) }
        }
        if let last = splitter.last() { try each(last) }
    }

    private func decode<Value: Decodable>(_ type: Value.Type, line: String) throws(ClientError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(line.utf8))
        } catch {
            throw .interrupted(reason: "one of its lines has an unexpected form")
        }
    }
}
