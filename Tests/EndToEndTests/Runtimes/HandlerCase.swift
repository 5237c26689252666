import Testing

/// A handler, a request to it, and the response that it must give.
struct HandlerCase: Sendable, CustomTestStringConvertible {
    let name: String
    let files: [String: String]
    let handler: String
    /// True if the runtime shows tracebacks in responses.
    let debug: Bool
    let method: String
    let target: String
    let headers: [(String, String)]
    let body: String
    /// True if the body is sent in chunks.
    let isChunked: Bool
    let status: Int
    /// Fields that the response must have, with these values.
    let answerHeaders: [(String, String)]
    /// The whole body of the response; `nil` for any.
    let answer: String?
    /// A part of the body of the response; `nil` for any.
    let answerContains: String?

    init(
        _ name: String, files: [String: String], handler: String = "handler.handle", debug: Bool = false,
        method: String = "GET", target: String = "/", headers: [(String, String)] = [], body: String = "",
        isChunked: Bool = false, status: Int, answerHeaders: [(String, String)] = [], answer: String? = nil,
        answerContains: String? = nil
    ) {
        self.name = name
        self.files = files
        self.handler = handler
        self.debug = debug
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.isChunked = isChunked
        self.status = status
        self.answerHeaders = answerHeaders
        self.answer = answer
        self.answerContains = answerContains
    }

    var testDescription: String { name }
}
