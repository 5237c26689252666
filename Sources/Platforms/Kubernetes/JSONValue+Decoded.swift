extension JSONValue {
    /// Decodes the value as another type, such as the object in the API server's response to a write.
    func decoded<Value: Decodable>(as: Value.Type = Value.self) throws -> Value {
        try Value(from: JSONTreeDecoder(self))
    }
}
