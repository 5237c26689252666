/// The header field in which a caller names the function that it wants to invoke. Routes determine the function of a
/// request. With this field, the dispatcher rejects a request whose route belongs to another function.
public enum FunctionField {
    /// The name of the field, in lower case.
    public static let name: StaticString = "f2s-function"
}
