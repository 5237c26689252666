/// The conformance that allows a typed value to keep a part as JSON.
extension JSONValue: Decodable {
    /// Takes the value from the tree that is being decoded.
    /// - Throws: `DecodingError` for another decoder than ``JSONTreeDecoder``.
    init(from decoder: any Decoder) throws {
        guard let tree = decoder as? JSONTreeDecoder else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "JSON is decoded from a tree only"))
        }
        self = tree.value
    }
}

extension JSONValue {
    /// Decodes the value as another type, such as the object in the API server's response to a write.
    func decoded<Value: Decodable>(as: Value.Type = Value.self) throws -> Value {
        try Value(from: JSONTreeDecoder(self))
    }
}
