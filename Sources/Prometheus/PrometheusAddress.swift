import F2SModel
import FoundationEssentials

/// The address of Prometheus from the settings.
struct PrometheusAddress: Sendable, Hashable {
    /// The URL without user, password, query, and slash at the end. A path stays, because a proxy may need it.
    let url: String
    /// The value of Authorization for the user and the password in the URL of the settings; `nil` if it has none.
    let authorization: Secret?

    /// Creates an address.
    /// - Parameter text: A URL of the settings, which is valid.
    init(_ text: String) {
        var rest = text.prefix { $0 != "?" && $0 != "#" }
        while rest.hasSuffix("/") { rest.removeLast() }
        guard let scheme = rest.firstRange(of: "://"),
            let at = rest[scheme.upperBound...].prefix(while: { $0 != "/" }).lastIndex(of: "@")
        else {
            (url, authorization) = (String(rest), nil)
            return
        }
        url = String(rest[..<scheme.upperBound] + rest[rest.index(after: at)...])
        // RFC 3986 section 3.2.1, RFC 7617 section 2.
        let user = rest[scheme.upperBound..<at]
        let credentials = Self.decoded(user.utf8) + (user.contains(":") ? [] : [UInt8(ascii: ":")])
        authorization = Secret("Basic " + Data(credentials).base64EncodedString())
    }

    /// Returns the bytes of a text whose special characters are percent-encoded.
    private static func decoded(_ text: Substring.UTF8View) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = text[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(Substring(rest.prefix(2)), radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }
}
