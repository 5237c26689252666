import F2SModel
import HTTPTypes

/// The requirement of a route for the content of a request. The head alone decides if the content is read.
struct ContentRule: Sendable {
    /// The maximum bytes of one request's content.
    let bytesMax: Int
    /// Checks the header fields of a request.
    /// - Throws: A ``Problem`` if the content must not be read.
    let admit: @Sendable (HTTPFields) throws -> Void

    /// The rule of a route without content. Some clients send a little all the same; it is ignored.
    static let none = ContentRule(bytesMax: 4096) { _ in }
}
