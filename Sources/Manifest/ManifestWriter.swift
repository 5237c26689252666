public import F2SModel

/// Writes functions as YAML and JSON. Whatever it writes, ``ManifestReader`` reads to the same draft.
public struct ManifestWriter: Sendable {
    /// A writer.
    public init() {}

    /// One document for a file: what a user declares, in the order of the published model.
    public func yaml(_ draft: FunctionDraft) -> String { ManifestValue(draft).yaml }

    /// One document with what the store knows (`metadata.uid`, `generation`, `resourceVersion`) and `status`.
    public func yaml(_ function: Function) -> String { ManifestValue(function).yaml }

    /// A `FunctionList` in one document.
    public func yaml(_ functions: [Function]) -> String { FunctionListText(functions, as: .yaml).joined() }

    /// The same members as ``yaml(_:)-(Function)``, as JSON on one line.
    public func json(_ function: Function) -> String { ManifestValue(function).json }

    /// The same members as ``yaml(_:)-(FunctionDraft)``, as JSON on one line.
    public func json(_ draft: FunctionDraft) -> String { ManifestValue(draft).json }

    /// A `FunctionList`, as JSON on one line.
    public func json(_ functions: [Function]) -> String { FunctionListText(functions, as: .json).joined() }
}
