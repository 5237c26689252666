import F2SModel
import FoundationEssentials
import NIOCore

/// The body of a request that invokes a function: the request that the function receives.
struct InvocationBody: Sendable {
    /// The method; `nil` for the function's own, or GET if it answers any.
    let method: Function.Method?
    /// The path, the query or both behind the function's endpoint. A path begins with a slash.
    let rest: String
    /// The fields of the head.
    let fields: [InvocationField]
    /// The content.
    let content: [UInt8]

    /// The content rule of the route.
    static let rule = ContentRule.json(bytesMax: 1024 * 1024)

    /// The fields that F2S itself sets, in lower case.
    private static let reserved = ["host", "content-length", "transfer-encoding", "\(FunctionField.name)"]

    private struct Fields: Decodable {
        static let known = ["method", "path", "headers", "body", "bodyEncoding"]

        let method: String?
        let path: String?
        let headers: [[String]]?
        let body: String?
        let bodyEncoding: String?
        /// The first member that is not known; `nil` if there is none.
        let unknown: String?

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: MemberName.self)
            func value<Value: Decodable>(_ name: String) throws -> Value? {
                try container.decodeIfPresent(Value.self, forKey: MemberName(stringValue: name))
            }
            method = try value("method")
            path = try value("path")
            headers = try value("headers")
            body = try value("body")
            bodyEncoding = try value("bodyEncoding")
            unknown = container.allKeys.map(\.stringValue).sorted().first { !Self.known.contains($0) }
        }
    }

    /// Reads a body. The dispatcher checks the values again, by the rules for every request.
    /// - Throws: A ``Problem`` with status 400.
    init(_ body: ByteBuffer) throws(Problem) {
        guard let read = try? JSONDecoder().decode(Fields.self, from: Data(body.readableBytesView)) else {
            throw Self.malformed(
                "It must be a JSON object with the texts method, path, body and bodyEncoding, and the list headers of "
                    + "lists [name, value].")
        }
        if let unknown = read.unknown {
            throw Self.malformed(
                "It has the unknown member \(unknown.printable). Known are \(Fields.known.joined(separator: ", ")).")
        }
        do throws(FieldError) {
            method = try read.method.map { text throws(FieldError) in try Function.Method(text, field: "method") }
        } catch {
            throw Self.malformed("\(error).")
        }
        rest = try Self.rest(read.path ?? "")
        var fields: [InvocationField] = []
        for pair in read.headers ?? [] { fields.append(try Self.field(pair)) }
        self.fields = fields
        content = try Self.content(read.body ?? "", encoding: read.bodyEncoding)
    }

    private static func rest(_ path: String) throws(Problem) -> String {
        guard path.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "#") }) else {
            throw malformed("path contains a space, a control character or '#': percent-encode it, as in /a%20b.")
        }
        return path.isEmpty || path.hasPrefix("/") || path.hasPrefix("?") ? path : "/" + path
    }

    private static func field(_ pair: [String]) throws(Problem) -> InvocationField {
        guard pair.count == 2 else { throw malformed("An element of headers must be a list of a name and a value.") }
        let (name, value) = (pair[0], String(pair[1].trimmingSpaces))
        guard !name.isEmpty, name.utf8.allSatisfy(isTokenByte) else {
            throw malformed("\(name.printable) is not the name of a header field.")
        }
        guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 9 }) else {
            throw malformed("The value of \(name) contains a control character.")
        }
        guard !reserved.contains(name.lowercased()) else {
            throw malformed("F2S itself sets the field \(name): leave it out.")
        }
        return InvocationField(name, value)
    }

    /// Returns true if a name may contain the byte (RFC 9110 section 5.6.2).
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    private static func content(_ text: String, encoding: String?) throws(Problem) -> [UInt8] {
        switch encoding {
        case nil, "text": return Array(text.utf8)
        case "base64":
            guard let data = Data(base64Encoded: text) else { throw malformed("body is not base64 (RFC 4648).") }
            return Array(data)
        case .some(let other):
            throw malformed("bodyEncoding is \"\(other.printable)\": it must be text or base64.")
        }
    }

    private static func malformed(_ detail: String) -> Problem {
        Problem(status: 400, title: "The body is malformed", detail: detail)
    }
}
