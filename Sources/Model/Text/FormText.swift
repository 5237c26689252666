/// The text form of values in a form (`application/x-www-form-urlencoded`).
public enum FormText {
    /// Returns a text in which every byte except the unreserved characters of RFC 3986 section 2.3 is percent-encoded.
    public static func encode(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                String(Unicode.Scalar(byte))
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }

    /// Returns a URL with further query parameters.
    public static func url(_ page: String, with fields: [(name: String, value: String)]) -> String {
        page + (page.contains("?") ? "&" : "?") + encode(fields)
    }

    /// Returns fields as a form.
    public static func encode(_ fields: [(name: String, value: String)]) -> String {
        fields.map { "\(encode($0.name))=\(encode($0.value))" }.joined(separator: "&")
    }
}
