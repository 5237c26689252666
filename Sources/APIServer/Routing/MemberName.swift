/// The name of any member of a JSON object, so that a body with unknown members can be rejected by their names.
struct MemberName: CodingKey {
    let stringValue: String
    /// Always `nil`: members have names.
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }

    /// Returns `nil`.
    init?(intValue: Int) { nil }
}
