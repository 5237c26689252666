import HTTPTypes

/// The environment variables that describe a request to its command, named as in CGI (RFC 3875 section 4.1).
struct RequestEnvironment: Sendable, Hashable {
    /// The variables to set. A variable with the value `nil` is removed, so that the command does not see f2s's own.
    let variables: [String: String?]

    /// Creates the variables of a request. Returns `nil` if its path cannot be the value of a variable: it has a broken
    /// escape, an escaped NUL, or bytes that are not UTF-8.
    init?(method: String, target: String, fields: HTTPFields) {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let path = Self.decoded(parts[0]) else { return nil }
        var variables: [String: String?] = [
            "GATEWAY_INTERFACE": "CGI/1.1",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "SCRIPT_NAME": "",
            "REQUEST_METHOD": method,
            "REQUEST_URI": target,
            "PATH_INFO": path,
            "QUERY_STRING": parts.count > 1 ? String(parts[1]) : "",
            "CONTENT_TYPE": fields[.contentType],
            "CONTENT_LENGTH": fields[.contentLength],
        ]
        for field in fields {
            guard let name = Self.variable(for: field.name.rawName) else { continue }
            if case .some(.some(let earlier)) = variables[name] {
                // RFC 9110 section 5.3 joins fields of one name by a comma, RFC 6265 section 5.4 cookies by a
                // semicolon.
                variables[name] = earlier + (name == "HTTP_COOKIE" ? "; " : ", ") + field.value
            } else {
                variables[name] = field.value
            }
        }
        self.variables = variables
    }

    /// Returns the name of the variable for a header field; `nil` if the command does not get the field.
    static func variable(for fieldName: String) -> String? {
        var name = "HTTP_"
        for byte in fieldName.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"):
                name.unicodeScalars.append(Unicode.Scalar(byte - 32))
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                name.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: "-"):
                name.append("_")
            default:
                // `X_Real_Ip` must not pass for `X-Real-Ip`, which a trusted proxy may have set.
                return nil
            }
        }
        return notPassed.contains(name) ? nil : name
    }

    /// The variables that are not set. `HTTP_PROXY` would send the command's own requests through a proxy of the
    /// client's choice (httpoxy, CVE-2016-5385). The other fields have variables of their own.
    private static let notPassed: Set<String> = ["HTTP_PROXY", "HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"]

    private static func decoded(_ path: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = path.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(Self.nibble), let low = rest.popFirst().flatMap(Self.nibble),
                high << 4 | low != 0
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
