public import F2SModel
import FoundationEssentials

extension FunctionClient {
    /// What a function's replicas have written, oldest first, line by line to `each`.
    /// - Parameters:
    ///   - tail: at most so many of the newest lines, 0…10000.
    ///   - follow: whether to go on with what they write from now on, until the task is cancelled.
    /// - Throws: ``ClientError``, and what `each` throws.
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

    /// The events that the server remembers, oldest first.
    public func recentEvents() async throws(ClientError) -> [Event] {
        try await decode(ItemList<Event>.self, of: ClientRequest("GET", "/events?follow=false")).items
    }

    /// The events after that number which the server remembers, then each as it happens, until the task is cancelled.
    /// - Throws: ``ClientError``, and what `each` throws.
    public func events(after sequence: UInt64 = 0, _ each: (Event) throws -> Void) async throws {
        let request = ClientRequest(
            "GET", "/events", fields: [("accept", "text/event-stream"), ("last-event-id", "\(sequence)")])
        try await lines(of: request) { line in
            // One field per event bears content, on one line (WHATWG HTML section 9.2): comments, ids and retry times
            // are for those who reconnect.
            guard line.hasPrefix("data:") else { return }
            try each(try decode(Event.self, line: String(line.dropFirst(5))))
        }
    }

    /// Calls a function by its name. The answer is the function's own, whatever its status, or F2S' problem.
    ///
    /// The request names the function in a header field, and the dispatcher refuses it if its route belongs to another
    /// function. The check is exact, because the process that routes makes it, and costs no further request.
    /// - Throws: ``ClientError`` when there is no such function or no answer.
    public func invoke(_ name: FunctionName, _ invocation: Invocation) async throws(ClientError) -> ClientAnswer {
        try await transport.send(invocation.request(to: try await get(name)))
    }

    /// The error of an invocation that F2S itself has answered with a problem. Where the request's path and method lead
    /// to another function, the condition of the function that was meant says why.
    public func failure(invoking name: FunctionName, _ problem: ServerProblem) async -> ClientError {
        guard problem.reason == InvocationError.otherFunctionReason, let function = try? await get(name),
            let conflict = function.condition(Condition.Kind.routeConflict.rawValue), conflict.isTrue
        else { return .refused(problem) }
        return .cannotInvoke(function: name.text, reason: conflict.words)
    }

    private func lines(of request: ClientRequest, _ each: (String) throws -> Void) async throws {
        let answer = try await success(of: request)
        var splitter = LineSplitter()
        for try await chunk in answer.content {
            for line in splitter.lines(adding: chunk) { try each(line) }
        }
        if let last = splitter.last() { try each(last) }
    }

    private func decode<Value: Decodable>(_ type: Value.Type, line: String) throws(ClientError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(line.utf8))
        } catch {
            throw .interrupted(reason: "a line of it is not what was expected")
        }
    }
}
