public import F2SModel

/// Writes functions as YAML and JSON. ``ManifestReader`` reads its output to the same draft.
public struct ManifestWriter: Sendable {
    /// Creates a writer.
    public init() {}

    /// Returns one YAML document for a file: the user's declaration, in the order of the published data model.
    public func yaml(_ draft: FunctionDraft) -> String { ManifestValue(draft).yaml }

    /// Returns one YAML document with the fields of the store (`metadata.uid`, `generation`) and `status`.
    public func yaml(_ function: Function) -> String { ManifestValue(function).yaml }

    /// Returns a `FunctionList` in one YAML document.
    public func yaml(_ functions: [Function]) -> String { FunctionListText(functions, as: .yaml).joined() }

    /// Returns the same members as ``yaml(_:)-(Function)``, as JSON on one line.
    public func json(_ function: Function) -> String { ManifestValue(function).json }

    /// Returns the same members as ``yaml(_:)-(FunctionDraft)``, as JSON on one line.
    public func json(_ draft: FunctionDraft) -> String { ManifestValue(draft).json }

    /// Returns a `FunctionList`, as JSON on one line.
    public func json(_ functions: [Function]) -> String { FunctionListText(functions, as: .json).joined() }
}
