/// A moment that is seconds since 1970 in Swift and a text in RFC 3339 in JSON, as in every answer of the API.
@propertyWrapper
public struct UTCTime: Sendable, Hashable, Codable {
    /// Seconds since 1970.
    public var wrappedValue: Double

    /// A moment.
    public init(wrappedValue: Double) { self.wrappedValue = wrappedValue }

    /// Reads a text, or the number of seconds that earlier versions have written.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let seconds = try? container.decode(Double.self) {
            wrappedValue = seconds
        } else if let seconds = TimeText.secondsSince1970(try container.decode(String.self)) {
            wrappedValue = seconds
        } else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no moment in RFC 3339")
        }
    }

    /// Writes the text, with milliseconds.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(TimeText.utc(secondsSince1970: wrappedValue))
    }
}
