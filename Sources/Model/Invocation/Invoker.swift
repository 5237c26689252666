/// Invokes functions for modules of this process: sources of events, schedules, asynchronous invocations. An invocation
/// takes the same route, admission, queue, limits, retries and metrics as a request that arrives over HTTP.
public protocol Invoker: Sendable {
    /// Invokes a function, and passes its response to `body` as soon as the response's head has arrived.
    ///
    /// The request's content is sent meanwhile, as fast as the function accepts it. When `body` returns, the invocation
    /// ends, and content that was not sent or read yet is dropped. If the task is cancelled, the invocation is
    /// abandoned, as if a client of HTTP had disconnected.
    /// A side that sends nothing, or reads nothing, for longer than `f2s.timeouts.http_timeout` ends the invocation.
    /// - Throws: An ``InvocationError`` if the function did not respond, or `CancellationError`, or the error of the
    ///   request's content or of `body`. A response with an error status is no error. A retry is worth it if
    ///   ``InvocationError/retryAfterSeconds`` is not `nil`: the function did not receive the request then. It may have
    ///   executed it after ``InvocationError/replicaLost(afterResponseBegan:)`` and
    ///   ``InvocationError/responseTimeout(after:inStage:)``.
    func invoke<Result>(
        _ request: InvocationRequest, _ body: (InvocationResponse) async throws -> Result
    ) async throws -> Result
}

extension Invoker {
    /// Invokes a function and reads the whole response.
    /// - Parameter contentBytesMax: The most bytes of content.
    /// - Throws: As ``invoke(_:_:)``, and ``InvocationError/malformedResponse(reason:)`` if the content is larger.
    public func invoke(
        _ request: InvocationRequest, contentBytesMax: Int
    ) async throws -> (response: InvocationResponse, content: [UInt8]) {
        try await invoke(request) { response in
            var content: [UInt8] = []
            for try await part in response.content {
                guard content.count + part.count <= contentBytesMax else {
                    throw InvocationError.malformedResponse(
                        reason: "The content is over \(contentBytesMax) bytes, the limit of its caller")
                }
                content += part
            }
            return (response, content)
        }
    }
}

/// A field of a request's or a response's head.
public struct InvocationField: Sendable, Hashable {
    /// The name; its case does not matter.
    public var name: String
    /// The value, without white space around it.
    public var value: String

    /// Creates a field.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A request to a function, from a module of this process.
public struct InvocationRequest: Sendable {
    /// The content of a request.
    public enum Content: Sendable {
        /// Content that is known as a whole. Up to 4 KiB a failed attempt can be repeated.
        case bytes([UInt8])
        /// Content that arrives in parts. It is read as fast as the function accepts it. The sequence must end when its
        /// task is cancelled; until then the invocation does not return.
        case parts(any AsyncSequence<[UInt8], any Error> & Sendable)
    }

    /// The method.
    public var method: Function.Method
    /// The path below `/invoke`, with a slash at its beginning, and the query: the function's route
    /// (``FunctionDraft/route``) and what follows it.
    public var path: String
    /// The fields of the head. `Host`, `Content-Length` and `Transfer-Encoding` are added and must not be present. A
    /// malformed field, or a line break, is rejected with ``InvocationError/malformedRequest(reason:)``. Fields that
    /// concern a connection or the client's address (`Connection`, `Upgrade`, `Expect`, `Forwarded`, `X-Forwarded-…`)
    /// are dropped.
    public var fields: [InvocationField]
    /// The content.
    public var content: Content
    /// The name of the caller, for example `trigger:orders`. A function's rate limit counts each name as one caller.
    public var caller: String
    /// The caller on whose behalf F2S invokes the function; `nil` if F2S acts by itself. If callers are authenticated
    /// and the function is not public, it must admit this caller (`spec.access`), and receives the caller's name and
    /// groups as in a request over HTTP. A field `Authorization` is dropped then, because F2S has not verified it.
    public var principal: Principal?
    /// The longest time until the response's head. The function's own timeout applies too. `nil`: only that one.
    public var timeout: Duration?

    /// Creates a request.
    public init(
        _ method: Function.Method, _ path: String, fields: [InvocationField] = [], content: Content = .bytes([]),
        caller: String, principal: Principal? = nil, timeout: Duration? = nil
    ) {
        self.method = method
        self.path = path
        self.fields = fields
        self.content = content
        self.caller = caller
        self.principal = principal
        self.timeout = timeout
    }
}

/// A function's response to a module of this process.
public struct InvocationResponse: Sendable {
    /// The status, from 200.
    public let status: Int
    /// The fields of the head, in their order, except those that concern a connection.
    public let fields: [InvocationField]
    /// The time until the response's head; `nil` if it is not known.
    public let timing: InvocationTiming?
    /// The replica that responds; `nil` if another F2S process has chosen it.
    public let replica: Replica.ID?
    /// The content.
    public let content: Content

    /// Creates a response.
    public init(
        status: Int, fields: [InvocationField], timing: InvocationTiming? = nil, replica: Replica.ID? = nil,
        content: Content
    ) {
        self.status = status
        self.fields = fields
        self.timing = timing
        self.replica = replica
        self.content = content
    }

    /// Returns the value of the first field of this name, which must be in lower case.
    public subscript(_ name: String) -> String? { fields.first { $0.name.lowercased() == name }?.value }

    /// The content of a response, in parts as they arrive. It can be read once. It throws an ``InvocationError`` if the
    /// response breaks off.
    public struct Content: AsyncSequence, Sendable {
        private let next: @Sendable () async throws -> [UInt8]?

        /// Creates content.
        /// - Parameter next: Returns the next part, or `nil` at the end.
        public init(next: @escaping @Sendable () async throws -> [UInt8]?) { self.next = next }

        /// Reads the parts.
        public func makeAsyncIterator() -> Iterator { Iterator(next: next) }

        /// Reads the parts of the content.
        public struct Iterator: AsyncIteratorProtocol {
            fileprivate let next: @Sendable () async throws -> [UInt8]?

            /// Returns the next part, or `nil` at the end.
            public mutating func next() async throws -> [UInt8]? { try await next() }
        }
    }
}
