import FoundationEssentials

/// Decodes the responses of the API server.
enum ResponseDecoder {
    /// The member that is skipped. It lists the manager of each field, makes up half of an object's bytes, and F2S does
    /// not use it.
    private static let ignored = "managedFields"

    /// Decodes a typed value. Unknown fields are ignored.
    static func decoded<Value: Decodable>(
        _ data: Data, as: Value.Type = Value.self, userInfo: [CodingUserInfoKey: Any] = [:]
    ) throws(KubernetesError) -> Value {
        do {
            return try decode(Array(data), userInfo: userInfo)
        } catch {
            throw .malformed("\(Value.self): \(describe(error))")
        }
    }

    /// Decodes a typed value, and throws the original error of the parser or decoder.
    static func decode<Value: Decodable>(
        _ bytes: [UInt8], as: Value.Type = Value.self, userInfo: [CodingUserInfoKey: Any] = [:]
    ) throws -> Value {
        try Value(from: JSONTreeDecoder(JSONParser.value(of: bytes, ignoring: ignored), userInfo: userInfo))
    }

    /// Decodes any value, with all of its members.
    static func value(_ data: Data) throws(KubernetesError) -> JSONValue {
        do {
            return try JSONValue(decoding: data)
        } catch {
            throw .malformed("\(error)")
        }
    }

    /// Returns the error of a response without success: the server's `Status`, or the first line of another body, for
    /// example of a proxy.
    static func error(code: Int, retryAfter: String?, body: Data) -> KubernetesError {
        let status = try? decode(Array(body), as: Status.self)
        let isStatus = status?.kind == "Status"
        let said = isStatus ? status?.message : nil
        let seconds = retryAfter.flatMap { Int($0) } ?? (isStatus ? status?.details?.retryAfterSeconds : nil)
        return .status(
            code: code, reason: isStatus ? status?.reason ?? "" : "",
            message: said ?? String(decoding: body.prefix(300), as: UTF8.self).split(separator: "\n").first.map(
                String.init)
                ?? "", retryAfter: seconds.map { .seconds(max(0, min($0, 3600))) })
    }

    /// Describes a decoding error and its location.
    static func describe(_ error: any Error) -> String {
        func location(_ context: DecodingError.Context) -> String {
            let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
            return path.isEmpty ? "" : " at \(path.joined(separator: "."))"
        }
        return switch error {
        case DecodingError.keyNotFound(let key, let context): "\(key.stringValue) is missing\(location(context))"
        case DecodingError.typeMismatch(let type, let context): "no \(type)\(location(context))"
        case DecodingError.valueNotFound(let type, let context): "no \(type)\(location(context))"
        case DecodingError.dataCorrupted(let context): "\(context.debugDescription)\(location(context))"
        default: "\(error)"
        }
    }
}

/// The API server's description of an error (`meta/v1` Status).
struct Status: Decodable, Sendable, Hashable {
    struct Details: Decodable, Sendable, Hashable {
        let retryAfterSeconds: Int?
    }
    let kind: String?
    let code: Int?
    let reason: String?
    let message: String?
    let details: Details?
}
