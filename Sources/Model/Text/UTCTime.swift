/// A time that is stored as seconds since 1970 in Swift and coded as an RFC 3339 text in JSON, as in every response of
/// the API.
@propertyWrapper
public struct UTCTime: Sendable, Hashable, Codable {
    /// The time in seconds since 1970.
    public var wrappedValue: Double

    /// Creates a time.
    public init(wrappedValue: Double) { self.wrappedValue = wrappedValue }

    /// Decodes a text, or the number of seconds that earlier versions wrote.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let seconds = try? container.decode(Double.self) {
            wrappedValue = seconds
        } else if let seconds = TimeText.secondsSince1970(try container.decode(String.self)) {
            wrappedValue = seconds
        } else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a time in RFC 3339")
        }
    }

    /// Encodes the text, with milliseconds.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(TimeText.utc(secondsSince1970: wrappedValue))
    }
}
