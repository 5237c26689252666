/// A transport of requests to one server and of its responses: the network, or a stub in tests.
public protocol ClientTransport: Sendable {
    /// Sends a request and returns when the head of the response has arrived. The content streams.
    /// - Throws: ``ClientError/unreachable(server:reason:)`` or ``ClientError/noAnswer(server:after:)``, both worth a
    ///   retry.
    func send(_ request: ClientRequest) async throws(ClientError) -> ClientAnswer
}

/// A request to the server.
public struct ClientRequest: Sendable {
    /// The content to send.
    public enum Content: Sendable {
        /// No content.
        case none
        /// The whole content.
        case bytes([UInt8])
        /// Pieces from `next` until it returns `nil`; `length` is the number of bytes, if it is known.
        case stream(length: Int64?, next: @Sendable () async throws -> [UInt8]?)
    }

    /// The HTTP method.
    public var method: String
    /// The path and query, with a leading slash, relative to the server's address.
    public var target: String
    /// The header fields, in the order in which they are sent.
    public var fields: [(name: String, value: String)]
    /// The content to send.
    public var content: Content
    /// The longest wait for the head of the response; `nil`: only the timeouts of the server apply.
    public var limit: Duration?

    /// Creates a request.
    public init(
        _ method: String, _ target: String, fields: [(name: String, value: String)] = [], content: Content = .none,
        limit: Duration? = .seconds(30)
    ) {
        self.method = method
        self.target = target
        self.fields = fields
        self.content = content
        self.limit = limit
    }
}

/// A response: its head, and its content as a stream.
public struct ClientAnswer: Sendable {
    /// The HTTP status.
    public var status: Int
    /// The reason phrase of the status line; empty if there was none.
    public var reason: String
    /// The header fields, in the order of arrival.
    public var fields: [(name: String, value: String)]
    /// The content. It can be iterated once only.
    public var content: any AsyncSequence<[UInt8], any Error> & Sendable

    /// Creates a response.
    public init(
        status: Int, reason: String = "", fields: [(name: String, value: String)] = [],
        content: any AsyncSequence<[UInt8], any Error> & Sendable
    ) {
        self.status = status
        self.reason = reason
        self.fields = fields
        self.content = content
    }

    /// Returns the first value of a header field. The name is not case-sensitive.
    public func field(_ name: String) -> String? {
        let wanted = name.lowercased()
        return fields.first { $0.name.lowercased() == wanted }?.value
    }

    /// Returns true if the content has the given media type. Parameters of the type are ignored.
    public func isOfType(_ mediaType: String) -> Bool {
        guard let type = field("content-type")?.split(separator: ";").first else { return false }
        return type.trimmingSuffix(while: \.isWhitespace).lowercased() == mediaType
    }

    /// Returns the whole content.
    /// - Throws: ``ClientError/interrupted(reason:)`` if it is incomplete or longer than `bytesMax`.
    public func collect(bytesMax: Int = 64 << 20) async throws(ClientError) -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            for try await chunk in content {
                bytes += chunk
                guard bytes.count <= bytesMax else { break }
            }
        } catch let error as ClientError {
            throw error
        } catch {
            throw .interrupted(reason: "\(error)")
        }
        guard bytes.count <= bytesMax else { throw .interrupted(reason: "it is over \(bytesMax) bytes") }
        return bytes
    }
}

extension Substring {
    fileprivate func trimmingSuffix(while isUnwanted: (Character) -> Bool) -> Substring {
        var rest = self
        while let last = rest.last, isUnwanted(last) { rest.removeLast() }
        return rest
    }
}
