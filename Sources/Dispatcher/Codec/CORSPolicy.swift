import F2SModel

/// The rule of a function for pages of other origins (`spec.cors`), with the field lines of the Fetch standard.
final class CORSPolicy: Sendable {
    /// A question of a browser whether a page may send a request: OPTIONS with Access-Control-Request-Method.
    struct Preflight {
        let method: ByteRange
        /// The names of the fields that the page sets, separated by commas; `nil` if there are none.
        var headers: ByteRange?
    }

    /// The origins; `nil` if every page may use the function.
    private let origins: [[UInt8]]?
    /// The methods; empty for those that the function answers.
    private let methods: [[UInt8]]
    /// The names of fields in lower case; empty for all.
    private let headers: [[UInt8]]
    private let allowsCredentials: Bool

    /// The time in seconds for which a browser does not ask again.
    private static let maxAge = 600
    /// The most names in Access-Control-Request-Headers.
    private static let askedMax = 100

    init(_ cors: Function.CORS) {
        origins = cors.allowsAnyOrigin ? nil : cors.origins.map { Array($0.utf8) }
        methods = cors.methods.map { Array($0.rawValue.utf8) }
        headers = cors.headers.map { Array($0.lowercased().utf8) }
        allowsCredentials = cors.allowsCredentials
    }

    /// Returns the field lines of a response to a page, without which the browser hides the response.
    /// - Parameter origin: The Origin field; `nil` if the request has none.
    func fields(for origin: ByteRange?, _ bytes: Span<UInt8>) -> [UInt8] {
        guard origins != nil else { return Array("Access-Control-Allow-Origin: *\r\n".utf8) }
        // A cache must not give the response to a page of another origin.
        var lines = Array("Vary: Origin\r\n".utf8)
        guard let origin, admits(origin, bytes) else { return lines }
        lines += Array("Access-Control-Allow-Origin: \(bytes.text(origin))\r\n".utf8)
        if allowsCredentials { lines += Array("Access-Control-Allow-Credentials: true\r\n".utf8) }
        return lines
    }

    /// Returns the field lines of the response to a preflight request. They permit the requested method only, because
    /// another function may answer the other methods of the path.
    /// - Parameter answered: The method that the function answers; `nil` if it answers all.
    /// - Throws: ``InvocationError/foreignPage(reason:)`` if the page may not send the request.
    func fields(
        of preflight: Preflight, answered: Function.Method?, for origin: ByteRange, _ bytes: Span<UInt8>
    ) throws(InvocationError) -> [UInt8] {
        guard admits(origin, bytes) else {
            throw .foreignPage(reason: "spec.cors.origins does not contain \(Self.shown(origin, bytes))")
        }
        guard methods.isEmpty || methods.contains(where: { bytes.isExactly($0, in: preflight.method) }) else {
            throw .foreignPage(reason: "spec.cors.methods does not contain \(Self.shown(preflight.method, bytes))")
        }
        let method = bytes.text(preflight.method)
        let isAnswered = answered.map { $0.rawValue == method || ($0 == .get && method == "HEAD") } ?? true
        guard isAnswered, !method.isEmpty, method.utf8.allSatisfy(Octet.isToken) else {
            throw .foreignPage(reason: "the function does not answer \(Self.shown(preflight.method, bytes))")
        }
        if let asked = preflight.headers { try check(asked, bytes) }
        var text = "Access-Control-Allow-Methods: \(method)\r\n"
        if let asked = preflight.headers { text += "Access-Control-Allow-Headers: \(bytes.text(asked))\r\n" }
        text += "Access-Control-Max-Age: \(Self.maxAge)\r\n"
        text += "Vary: Access-Control-Request-Method, Access-Control-Request-Headers\r\n"
        return fields(for: origin, bytes) + Array(text.utf8)
    }

    private func admits(_ origin: ByteRange, _ bytes: Span<UInt8>) -> Bool {
        origins?.contains { bytes.isExactly($0, in: origin) } ?? true
    }

    private func check(_ asked: ByteRange, _ bytes: Span<UInt8>) throws(InvocationError) {
        var unknown: ByteRange?
        var count = 0
        HeadScanner.eachElement(bytes, asked) { name in
            count += 1
            guard count <= Self.askedMax, unknown == nil, !headers.isEmpty else { return }
            if !headers.contains(bytes.lowercased(name)) { unknown = name }
        }
        guard count <= Self.askedMax else {
            throw .foreignPage(reason: "Access-Control-Request-Headers names over \(Self.askedMax) fields")
        }
        if let unknown {
            throw .foreignPage(reason: "spec.cors.headers does not contain \(Self.shown(unknown, bytes))")
        }
    }

    private static func shown(_ part: ByteRange, _ bytes: Span<UInt8>) -> String {
        String(bytes.text(part).prefix(200)).printable
    }
}

extension Span<UInt8> {
    /// Returns true if a part of the bytes has this text.
    fileprivate func isExactly(_ text: [UInt8], in range: ByteRange) -> Bool {
        guard text.count == range.count else { return false }
        for index in text.indices where self[range.lower + index] != text[index] { return false }
        return true
    }
}
