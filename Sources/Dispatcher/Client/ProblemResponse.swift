import F2SModel

/// A complete response with a problem document. F2S sends it if there is no response of a function.
enum ProblemResponse {
    static func write(
        _ problem: Problem, _ error: InvocationError, timing: ExchangeTimes?, keepAlive: Bool, isAnswerToHead: Bool,
        fields: [UInt8], into out: Buffer
    ) {
        let document = problem.json
        out.append(text: "HTTP/1.1 \(problem.status) \(reasonPhrase(problem.status))\r\n")
        out.append(text: "Content-Type: \(Problem.mediaType)\r\nContent-Length: \(document.utf8.count)\r\n")
        out.append("Cache-Control: no-store\r\n")
        if case .methodNotAllowed(let allowed) = error {
            out.append(text: "Allow: \(allowed.map(\.rawValue).joined(separator: ", "))\r\n")
        }
        if case .loginRequired(let location) = error { out.append(text: "Location: \(location)\r\n") }
        if let seconds = error.retryAfterSeconds { out.append(text: "Retry-After: \(seconds)\r\n") }
        timing?.write(into: out)
        out.append(fields)
        if !keepAlive { out.append("Connection: close\r\n") }
        out.append("\r\n")
        if !isAnswerToHead { out.append(text: document) }
    }

    private static func reasonPhrase(_ status: Int) -> String {
        switch status {
        case 302: "Found"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        default: "Error"
        }
    }
}
