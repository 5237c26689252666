extension JSONValue {
    /// The value as another type: what a call has answered, read as a watch would tell it.
    func decoded<Value: Decodable>(as: Value.Type = Value.self) throws -> Value {
        try Value(from: JSONTreeDecoder(self))
    }
}
