/// The public path of a function below `/invoke` (`spec.endpoint`), for example `/shop/orders`.
public struct Route: Sendable, Hashable, CustomStringConvertible {
    /// The maximum length of a route, in bytes.
    public static let bytesMax = 1024

    /// The path: it has a leading slash, no trailing slash and no empty segment. `/` alone matches every path.
    public let path: String

    /// Creates a route and normalises the text: adds a missing leading slash and removes trailing slashes.
    /// - Throws: ``FieldError`` if a segment is empty, `.` or `..`, or contains anything but unreserved characters (RFC
    ///   3986 section 2.3) and `!$&'()*+,;=:@`.
    public init(_ text: String, field: String = "spec.endpoint") throws(FieldError) {
        var segments = text.split(separator: "/", omittingEmptySubsequences: false)[...]
        if segments.first?.isEmpty == true { segments = segments.dropFirst() }
        while segments.last?.isEmpty == true { segments = segments.dropLast() }
        guard !text.isEmpty else {
            throw FieldError(field: field, value: text, requirement: "be a path such as /hello")
        }
        guard text.utf8.count <= Self.bytesMax else {
            throw FieldError(field: field, value: text, requirement: "have at most \(Self.bytesMax) bytes")
        }
        for segment in segments {
            guard !segment.isEmpty, segment != ".", segment != "..", segment.utf8.allSatisfy(Self.isSegmentByte) else {
                throw FieldError(
                    field: field, value: text,
                    requirement: "be a path of segments that are not empty, '.' or '..' and hold no space, "
                        + "'%', '?', '#' or other reserved character")
            }
        }
        // Every route is below /invoke already, so a second one is a mistake.
        if segments.first == "invoke", segments.count > 1 {
            throw FieldError(
                field: field, value: text,
                requirement: "leave out /invoke, which F2S puts in front of it: write "
                    + "/\(segments.dropFirst().joined(separator: "/"))")
        }
        path = "/" + segments.joined(separator: "/")
    }

    /// The path itself.
    public var description: String { path }

    /// Returns true if a segment may contain the character.
    public static func isSegmentByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default:
            "-._~!$&'()*+,;=:@".utf8.contains(byte)
        }
    }
}
