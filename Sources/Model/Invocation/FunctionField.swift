/// The header field by which a caller names the function that it means. Routes decide which function a request goes to;
/// with this field, the dispatcher refuses a request whose route belongs to another function.
public enum FunctionField {
    /// Name of the field, in lower case.
    public static let name: StaticString = "f2s-function"
}
