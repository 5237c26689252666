import F2SModel
import FoundationEssentials
import NIOCore

/// The body of a request that writes a Secret: texts by key, as in `stringData` of a Kubernetes Secret.
struct SecretBody: Sendable {
    /// The values by key, at least one.
    let values: [String: Secret]

    /// The content rule of the route. Kubernetes accepts as many bytes in a Secret.
    static let rule = ContentRule.json(bytesMax: 1024 * 1024)
    /// The largest key, in bytes.
    static let keyBytesMax = 253
    /// The bytes of keys that Kubernetes accepts, as a regular expression.
    static let keyPattern = "^[-._a-zA-Z0-9]+$"

    private struct Fields: Decodable {
        static let known = "data"

        let data: [String: String]?
        /// The first member that is not known; `nil` if there is none.
        let unknown: String?

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: MemberName.self)
            data = try container.decodeIfPresent([String: String].self, forKey: MemberName(stringValue: Self.known))
            unknown = container.allKeys.map(\.stringValue).sorted().first { $0 != Self.known }
        }
    }

    /// Reads a body.
    /// - Throws: A ``Problem`` with status 400. It never contains a value.
    init(_ body: ByteBuffer) throws(Problem) {
        guard let fields = try? JSONDecoder().decode(Fields.self, from: Data(body.readableBytesView)) else {
            throw Self.malformed(#"It must be a JSON object with texts by key: {"data": {"KEY": "value"}}."#)
        }
        if let unknown = fields.unknown {
            throw Self.malformed("It has the unknown member \(unknown.printable). Known is \(Fields.known).")
        }
        guard let data = fields.data, !data.isEmpty else {
            throw Self.malformed("It has no keys in data. A Secret that is not needed any more is removed by DELETE.")
        }
        for (key, value) in data.sorted(by: { $0.key < $1.key }) {
            guard Self.isKey(key) else {
                let error = FieldError(
                    field: "a key of data", value: key,
                    requirement: "have 1 to \(Self.keyBytesMax) letters, digits, '-', '_' or '.', and not begin with "
                        + "two dots")
                throw Self.malformed("\(error).")
            }
            guard !value.utf8.contains(0) else {
                throw Self.malformed("The value of \(key) has a zero byte, which no variable can have.")
            }
        }
        values = data.mapValues { Secret($0) }
    }

    /// Returns true if Kubernetes accepts the key.
    private static func isKey(_ key: String) -> Bool {
        guard (1...keyBytesMax).contains(key.utf8.count), key != ".", !key.hasPrefix("..") else { return false }
        return key.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-._".utf8.contains(byte)
            }
        }
    }

    private static func malformed(_ detail: String) -> Problem {
        Problem(status: 400, title: "The body is malformed", detail: detail)
    }
}
