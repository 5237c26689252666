import F2SModel
import HTTPTypes

/// What a route demands of the content of a request. The head alone decides whether the content is read at all.
struct ContentRule: Sendable {
    /// Bytes of one request's content.
    let bytesMax: Int
    /// Looks at the fields of a request.
    /// - Throws: a ``Problem`` when the content is not to be read.
    let admit: @Sendable (HTTPFields) throws -> Void

    /// A route that takes no content. Some clients send a little all the same; it is ignored.
    static let none = ContentRule(bytesMax: 4096) { _ in }
}
