/// The name of a Secret that F2S writes for a function.
public struct FunctionSecretName: Sendable, Hashable, CustomStringConvertible {
    /// The function, the only one that may use the Secret.
    public let function: FunctionName
    /// The name that the caller has chosen, unique among the Secrets of the function: a DNS-1123 label.
    public let text: String

    /// The beginning of ``objectName``. A Secret of another client must not begin with it.
    private static let prefix = "f2s-secret-"

    /// Creates the name of a Secret.
    /// - Throws: ``FieldError`` if the text is not a DNS-1123 label.
    public init(_ text: String, of function: FunctionName) throws(FieldError) {
        self.text = try FunctionName(text, field: "the name of the Secret").text
        self.function = function
    }

    /// The name of the Kubernetes Secret, for `target.envFrom`. It identifies the function, because the names of
    /// functions have no dots.
    public var objectName: String { "\(Self.prefix)\(function).\(text)" }

    /// ``objectName``.
    public var description: String { objectName }

    /// Returns the function for which F2S has written the Secret of this name; `nil` for a Secret of another client.
    public static func owner(of objectName: String) -> String? {
        guard objectName.hasPrefix(prefix), let dot = objectName.firstIndex(of: ".") else { return nil }
        return String(objectName[..<dot].dropFirst(prefix.count))
    }

    /// Returns the command by which an administrator creates such a Secret without F2S.
    public func command(namespace: String) -> String {
        "kubectl --namespace \(namespace) create secret generic \(function)-\(text) --from-literal=KEY=VALUE"
    }
}
