public import F2SModel
import Synchronization

// With ``InProcessCall``, the only code of the data plane that tasks wait in for an invocation.
extension Dispatcher: Invoker {
    /// Invokes a function on one of the event loops.
    public func invoke<Result>(
        _ request: InvocationRequest, _ body: (InvocationResponse) async throws -> Result
    ) async throws -> Result {
        try Task.checkCancellation()
        let loop = nextLoop()
        let call = try InProcessCall(request) { [directory] call in directory.mailboxes[loop].post(.resume(call)) }
        guard begin(call, on: loop) else { throw InvocationError.draining }
        return try await withTaskCancellationHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                // The invocation ends with this scope.
                defer { call.cancel() }
                if case .parts(let parts) = request.content {
                    group.addTask { await call.send(parts) }
                }
                let head = try await call.response()
                let response = InvocationResponse(
                    status: head.status, fields: head.fields, timing: head.timing, replica: head.replica,
                    content: InvocationResponse.Content { try await call.nextContent() })
                let result = try await body(response)
                // Before the tasks: cancelled content must not seem to be complete.
                call.cancel()
                group.cancelAll()
                return result
            }
        } onCancel: {
            call.cancel()
        }
    }
}

extension InProcessCall {
    /// Creates the call of a request.
    /// - Throws: An error if a part of the head contains a character that would end it.
    fileprivate convenience init(
        _ request: InvocationRequest, notify: @escaping @Sendable (InProcessCall) -> Void
    ) throws(InvocationError) {
        guard request.path.utf8.first == Octet.slash else {
            throw .malformedRequest(reason: "The path does not begin with a slash")
        }
        for part in [request.path] + request.fields.flatMap({ [$0.name, $0.value] }) {
            guard !part.utf8.contains(where: { $0 == Octet.carriageReturn || $0 == Octet.lineFeed }) else {
                throw .malformedRequest(reason: "The path or a field contains a line break")
            }
        }
        var lines = ["\(request.method.rawValue) \(RouteTable.prefix)\(request.path) HTTP/1.1", "Host: f2s"]
        for field in request.fields { lines.append("\(field.name): \(field.value)") }
        var content: [UInt8]?
        switch request.content {
        case .bytes(let bytes):
            content = bytes
            lines.append("Content-Length: \(bytes.count)")
        case .parts: lines.append("Transfer-Encoding: chunked")
        }
        self.init(
            head: Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8), content: content, caller: request.caller,
            principal: request.principal, timeoutMax: request.timeout.map(\.nanoseconds) ?? .max, notify: notify)
    }

    /// Sends all parts. If they cannot be read to their end, the call ends, because its content would be incomplete.
    fileprivate func send(_ parts: any AsyncSequence<[UInt8], any Error> & Sendable) async {
        do {
            for try await part in parts where !part.isEmpty {
                guard await send(part) else { return }
            }
            // Many sequences end without an error if their task is cancelled.
            if Task.isCancelled { cancel() } else { endContent() }
        } catch {
            cancel(error)
        }
    }
}
