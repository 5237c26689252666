/// What carries requests to a server and answers back: the network, or a stub in tests.
public protocol ClientTransport: Sendable {
    /// Sends a request and returns once the answer's head is there. Its content streams.
    /// - Throws: ``ClientError/unreachable(server:reason:)`` or ``ClientError/noAnswer(server:after:)``, both worth a
    ///   retry.
    func send(_ request: ClientRequest) async throws(ClientError) -> ClientAnswer
}

/// One request.
public struct ClientRequest: Sendable {
    /// The content to send.
    public enum Content: Sendable {
        /// None.
        case none
        /// All of it.
        case bytes([UInt8])
        /// Piece by piece until `nil`; `length` in bytes, if known.
        case stream(length: Int64?, next: @Sendable () async throws -> [UInt8]?)
    }

    /// HTTP method.
    public var method: String
    /// Path and query, beginning with a slash; the server's address goes in front.
    public var target: String
    /// Header fields in this order.
    public var fields: [(name: String, value: String)]
    /// What to send.
    public var content: Content
    /// Longest wait for the head of the answer; `nil`: the server's own time-outs decide.
    public var limit: Duration?

    /// A request.
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

/// The head of an answer, and its content as it comes.
public struct ClientAnswer: Sendable {
    /// HTTP status.
    public var status: Int
    /// The words behind the status; empty when there were none.
    public var reason: String
    /// Header fields in the order of arrival.
    public var fields: [(name: String, value: String)]
    /// The content. Iterate it once.
    public var content: any AsyncSequence<[UInt8], any Error> & Sendable

    /// An answer.
    public init(
        status: Int, reason: String = "", fields: [(name: String, value: String)] = [],
        content: any AsyncSequence<[UInt8], any Error> & Sendable
    ) {
        self.status = status
        self.reason = reason
        self.fields = fields
        self.content = content
    }

    /// The first value of a field; its name in any letter case.
    public func field(_ name: String) -> String? {
        let wanted = name.lowercased()
        return fields.first { $0.name.lowercased() == wanted }?.value
    }

    /// Whether the content is of a media type, parameters aside.
    public func isOfType(_ mediaType: String) -> Bool {
        guard let type = field("content-type")?.split(separator: ";").first else { return false }
        return type.trimmingSuffix(while: \.isWhitespace).lowercased() == mediaType
    }

    /// All of the content.
    /// - Throws: ``ClientError/interrupted(reason:)`` when it breaks off or has over `bytesMax`.
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
