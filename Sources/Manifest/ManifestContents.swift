public import F2SModel

/// The functions and errors in a text of manifests.
public struct ManifestContents: Sendable {
    /// The documents that are valid functions, in the order of the text.
    public let documents: [ManifestDocument]
    /// The rejections, each with its location. A document is either in ``documents`` or has at least one rejection.
    public let rejections: [Rejection]
    /// The errors of the first rejections, in the same order. Further rejections only count errors.
    public let errors: [YAMLError]

    /// Creates contents.
    public init(documents: [ManifestDocument], rejections: [Rejection], errors: [YAMLError] = []) {
        self.documents = documents
        self.rejections = rejections
        self.errors = errors
    }
}

/// One function of a text.
public struct ManifestDocument: Sendable {
    /// The declaration. Its values have been validated.
    public let draft: FunctionDraft
    /// The line on which the document begins, from 1.
    public let line: Int

    /// Creates a document.
    public init(draft: FunctionDraft, line: Int) {
        self.draft = draft
        self.line = line
    }
}
