import F2SModel

/// The path and query of a function that a browser wants to open, for example `/invoke/report?year=2026`. A page of any
/// site can name one, and F2S leads the browser there after the sign-in.
struct LoginTarget: Sendable, Hashable {
    /// The path and query.
    let text: String

    private static let prefix = "/invoke"

    /// Checks the path and query of a request.
    /// - Throws: A ``Problem`` with status 400 if there is none, or if it could lead the browser anywhere but to a
    ///   function.
    init(_ text: String?) throws(Problem) {
        let text = Self.normal(text ?? "")
        guard text.utf8.count <= FunctionLogin.targetBytesMax, text.utf8.allSatisfy(Self.isVisible) else {
            throw Self.malformed
        }
        let path = Self.path(of: text)
        // Browsers read a backslash in a path as a slash.
        guard path == Self.prefix || path.hasPrefix(Self.prefix + "/"), !path.contains("\\"),
            !path.split(separator: "/").contains(where: Self.isDotSegment)
        else { throw Self.malformed }
        self.text = text
    }

    /// Returns the function that a browser opens there: it has the longest route that matches in whole segments, and it
    /// answers GET, if one of those with this route does.
    func function(in snapshot: FunctionSnapshot) -> Function? {
        var rest = Self.path(of: text).dropFirst(Self.prefix.count)
        while true {
            let route = try? Route(rest.isEmpty ? "/" : String(rest))
            let holders = route.map { snapshot.holders(of: $0) } ?? []
            if let first = holders.first {
                return holders.first { $0.method == .get } ?? holders.first { $0.method == nil } ?? first
            }
            guard let slash = rest.lastIndex(of: "/") else { return nil }
            rest = rest[..<slash]
        }
    }

    private static func path(of text: String) -> Substring { text.prefix { $0 != "?" && $0 != "#" } }

    private static func isVisible(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F }

    /// Returns the text with characters of routes in its path instead of their percent-encoded forms, which mean the
    /// same (RFC 3986 section 6.2.2.2). Otherwise the path of the cookie would be another one.
    private static func normal(_ text: String) -> String {
        let path = path(of: text)
        guard path.contains("%") else { return text }
        var (bytes, rest) = ([UInt8](), path.utf8[...])
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(Substring(rest.prefix(2))), radix: 16),
                Route.isSegmentByte(value)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self) + text.dropFirst(path.count)
    }

    /// Returns true for the segments by which a browser leaves the path, also percent-encoded (WHATWG URL section 4.1).
    private static func isDotSegment(_ segment: Substring) -> Bool {
        let plain = segment.lowercased().replacing("%2e", with: ".")
        return plain == "." || plain == ".."
    }

    private static let malformed = Problem(
        status: 400, title: "The function to open is malformed",
        detail: "to must be the path and query of a function, such as /invoke/report?year=2026: at most "
            + "\(FunctionLogin.targetBytesMax) bytes of visible ASCII, without a backslash or the segments . and .. "
            + "in the path."
    )
}
