import F2SModel
import FoundationEssentials

/// The API tokens in a Secret, of whose fields F2S reads only the name and the data.
struct StoredTokens: Sendable, Hashable, Decodable {
    private struct Wire: Decodable {
        struct Metadata: Decodable { let name: String }
        let metadata: Metadata
        let data: [String: String]?
    }

    /// `metadata.name`.
    let name: String
    /// The tokens.
    let tokens: APITokenSet
    /// The keys whose values are not the token of this ID, in alphabetical order.
    let unreadable: [String]

    init(from decoder: any Decoder) throws {
        let wire = try Wire(from: decoder)
        self.init(name: wire.metadata.name, data: wire.data ?? [:])
    }

    /// Creates the value of a Secret with this data, whose values are encoded in Base64.
    init(name: String, data: [String: String]) {
        var (found, unreadable): ([APIToken], [String]) = ([], [])
        for (key, value) in data {
            if let token = Self.decoded(value), token.id == key {
                found.append(token)
            } else {
                unreadable.append(key)
            }
        }
        self.name = name
        tokens = APITokenSet(found)
        self.unreadable = unreadable.sorted()
    }

    private static func decoded(_ value: String) -> APIToken? {
        Data(base64Encoded: value).flatMap { try? JSONDecoder().decode(APIToken.self, from: $0) }
    }

    /// Returns the value of a Secret that contains a token; `nil` if it cannot be encoded.
    static func encoded(_ token: APIToken) -> String? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(token))?.base64EncodedString()
    }
}
