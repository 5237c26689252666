import FoundationEssentials

/// Reads what the API server answers.
enum Answer {
    /// The member that tells who has written which field: half of an object's bytes, and nothing that F2S looks at.
    private static let ignored = "managedFields"

    /// A typed value; fields that it does not know are passed over.
    static func decoded<Value: Decodable>(
        _ data: Data, as: Value.Type = Value.self, userInfo: [CodingUserInfoKey: Any] = [:]
    ) throws(KubernetesError) -> Value {
        do {
            return try decode(Array(data), userInfo: userInfo)
        } catch {
            throw .malformed("\(Value.self): \(complaint(error))")
        }
    }

    /// The same, with whatever error there is.
    static func decode<Value: Decodable>(
        _ bytes: [UInt8], as: Value.Type = Value.self, userInfo: [CodingUserInfoKey: Any] = [:]
    ) throws -> Value {
        try Value(from: JSONTreeDecoder(JSONParser.value(of: bytes, ignoring: ignored), userInfo: userInfo))
    }

    /// Any value, whole.
    static func value(_ data: Data) throws(KubernetesError) -> JSONValue {
        do {
            return try JSONValue(decoding: data)
        } catch {
            throw .malformed("\(error)")
        }
    }

    /// What a refusal says: the server's `Status`, or what a proxy in between has to say.
    static func refusal(code: Int, retryAfter: String?, body: Data) -> KubernetesError {
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

    /// What a decoder did not like, and where.
    static func complaint(_ error: any Error) -> String {
        func place(_ context: DecodingError.Context) -> String {
            let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
            return path.isEmpty ? "" : " at \(path.joined(separator: "."))"
        }
        return switch error {
        case DecodingError.keyNotFound(let key, let context): "\(key.stringValue) is missing\(place(context))"
        case DecodingError.typeMismatch(let type, let context): "no \(type)\(place(context))"
        case DecodingError.valueNotFound(let type, let context): "no \(type)\(place(context))"
        case DecodingError.dataCorrupted(let context): "\(context.debugDescription)\(place(context))"
        default: "\(error)"
        }
    }
}

/// The API server's own account of a refusal (`meta/v1` Status).
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
