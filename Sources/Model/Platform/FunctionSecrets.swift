/// The Secrets of functions on a platform that has Secrets.
public struct FunctionSecrets: Sendable {
    /// The namespace of the Secrets, which is that of the functions' replicas.
    public let namespace: String
    /// Writes Secrets; `nil` if the installation does not permit F2S to write any.
    public let writer: (any FunctionSecretWriter)?

    /// Creates a description of the Secrets.
    public init(namespace: String, writer: (any FunctionSecretWriter)?) {
        self.namespace = namespace
        self.writer = writer
    }
}

/// Writes Secrets for functions, and never reads a value.
public protocol FunctionSecretWriter: Sendable {
    /// Creates a Secret, or replaces all keys of the one that F2S has written for this function.
    /// - Parameter values: The values by their keys, at least one.
    /// - Returns: True if the Secret is new.
    /// - Throws: ``FunctionSecretError``. Only ``FunctionSecretError/unavailable(_:)`` is worth a retry.
    func write(
        _ values: [String: Secret], to name: FunctionSecretName, of function: Function
    ) async throws(FunctionSecretError) -> Bool

    /// Deletes a Secret that F2S has written for this function.
    /// - Throws: ``FunctionSecretError``. Only ``FunctionSecretError/unavailable(_:)`` is worth a retry.
    func delete(_ name: FunctionSecretName, of function: Function) async throws(FunctionSecretError)
}
