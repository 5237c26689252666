public import F2SModel

/// What a text of manifests holds.
public struct ManifestContents: Sendable {
    /// The documents that are well-formed functions, in the order of the text.
    public let documents: [ManifestDocument]
    /// What was refused, each with its place; a document is either above or here.
    public let refusals: [Refusal]

    /// Contents.
    public init(documents: [ManifestDocument], refusals: [Refusal]) {
        self.documents = documents
        self.refusals = refusals
    }
}

/// One function of a text.
public struct ManifestDocument: Sendable {
    /// What it declares; its values have been checked.
    public let draft: FunctionDraft
    /// Line on which it begins, from 1.
    public let line: Int

    /// A document.
    public init(draft: FunctionDraft, line: Int) {
        self.draft = draft
        self.line = line
    }
}
