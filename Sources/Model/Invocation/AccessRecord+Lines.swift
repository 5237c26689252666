// The forms of a record in the log.
extension AccessRecord {
    /// The record as a JSON object. Members without a value are left out.
    public var json: String {
        var members = JSONMembers(time: time, logger: "access")
        members.add("request_id", requestID)
        members.add("client", client)
        members.add("user", user)
        members.add("function", function)
        members.add("method", method)
        members.add("target", target)
        members.add("protocol", "HTTP/1.\(minorVersion)")
        members.add("status", status)
        members.add("bytes", contentBytes)
        members.add("duration_us", Int(clamping: durationMicroseconds))
        members.add("queue_us", Int(clamping: queueMicroseconds))
        members.add("start_us", Int(clamping: startMicroseconds))
        members.add("outcome", outcome.rawValue)
        members.add("stage", stage?.rawValue)
        members.add("referer", referer)
        members.add("user_agent", userAgent)
        return members.text
    }

    /// The record in the combined log format of Apache httpd and nginx. The user of the format is the caller.
    public var combined: String {
        let request = "\(method) \(target) HTTP/1.\(minorVersion)"
        return "\(Self.word(client)) - \(Self.word(user)) [\(Self.date(time))] \(Self.quoted(request)) \(status) "
            + "\(contentBytes) \(Self.quoted(referer)) \(Self.quoted(userAgent))"
    }

    /// Returns a text without spaces and other bytes that would end it; `-` if there is none.
    private static func word(_ text: String?) -> String {
        guard let text, !text.isEmpty else { return "-" }
        return escaped(text) { $0 > 0x20 && $0 < 0x7F && !"\"\\[]".utf8.contains($0) }
    }

    private static func quoted(_ text: String?) -> String {
        guard let text, !text.isEmpty else { return "\"-\"" }
        return "\"" + escaped(text) { $0 >= 0x20 && $0 < 0x7F && !"\"\\".utf8.contains($0) }
            + "\""
    }

    /// Returns a text whose other bytes are written as `\xHH`.
    private static func escaped(_ text: String, isPlain: (UInt8) -> Bool) -> String {
        guard !text.utf8.allSatisfy(isPlain) else { return text }
        return text.utf8.map { byte in
            guard !isPlain(byte) else { return String(UnicodeScalar(byte)) }
            return (byte < 16 ? "\\x0" : "\\x") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Returns a time in UTC, for example `29/Feb/2024:12:00:00 +0000`.
    private static func date(_ seconds: Double) -> String {
        let text = TimeText.utc(secondsSince1970: Int64(seconds.isFinite ? seconds.rounded(.down) : 0))
        let parts = text.split { "-TZ".contains($0) }
        guard parts.count == 4, let month = Int(parts[1]), (1...12).contains(month) else { return text }
        return "\(parts[2])/\(months[month - 1])/\(parts[0]):\(parts[3]) +0000"
    }
}

extension AuditEntry {
    /// Returns the entry as a JSON object. Members without a value are left out.
    /// - Parameter time: The time in seconds since 1970.
    public func json(at time: Double) -> String {
        var members = JSONMembers(time: time, logger: "audit")
        members.add("action", action)
        members.add("function", function)
        members.add("token", token)
        members.add("user", user)
        members.add("claimed_user", claimedUser)
        members.add("client", client)
        members.add("status", status)
        members.add("result", result.rawValue)
        members.add("reason", reason)
        return members.text
    }

    /// Returns the line for entries that were left out, as a JSON object.
    public static func omission(of count: Int, at time: Double) -> String {
        var members = JSONMembers(time: time, logger: "audit")
        members.add("omitted", count)
        members.add("reason", "More requests were refused than the log may contain.")
        return members.text
    }
}

/// The members of a JSON object, in their order.
private struct JSONMembers {
    private var members: String

    init(time: Double, logger: String) {
        members = "\"time\":\(TimeText.utc(secondsSince1970: time).jsonText),\"logger\":\(logger.jsonText)"
    }

    var text: String { "{\(members)}" }

    mutating func add(_ name: StaticString, _ value: String?) {
        if let value { members += ",\"\(name)\":\(value.jsonText)" }
    }

    mutating func add(_ name: StaticString, _ value: Int) { members += ",\"\(name)\":\(value)" }
}
