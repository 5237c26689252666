import F2SManifest
import F2SModel
import HTTPTypes

/// Reads the one function that the body of a POST or PUT declares.
enum DeclarationBody {
    /// What its routes demand: a type that is neither JSON nor YAML, which a stranger's page could send, is a 403.
    static let rule = ContentRule(bytesMax: 1024 * 1024) { fields in
        let contentType = fields[.contentType]
        let type = MediaType(contentType: contentType)
        guard type == .json || type == .yaml else {
            throw Problem(
                status: 403, title: "The content type is not accepted",
                detail: "Content-Type is \(contentType ?? "missing"). Send application/json or application/yaml.",
                stage: .auth, reason: "ForeignContentType")
        }
    }

    /// The declaration; the reader has checked its values.
    /// - Throws: a ``Problem``: 422 with line and column of every complaint; 422 when there is no document, or more
    ///   than one.
    static func draft(of bytes: [UInt8]) throws -> FunctionDraft {
        let contents = ManifestReader().read(bytes, place: "body")
        guard contents.refusals.isEmpty else {
            let complaints = contents.refusals.map(\.description)
            throw Problem(
                status: 422, title: "The declaration is refused", detail: complaints.joinedClauses,
                errors: complaints)
        }
        guard let document = contents.documents.first else {
            throw Problem(
                status: 422, title: "The declaration is missing",
                detail: "The body holds no function. Send one document with metadata.name, spec.endpoint and target.")
        }
        guard contents.documents.count == 1 else {
            let lines = contents.documents.map { "\($0.line)" }.joined(separator: ", ")
            throw Problem(
                status: 422, title: "Several declarations in one request",
                detail:
                    "The body holds \(contents.documents.count) functions (lines \(lines)). Send each in a request of "
                    + "its own, so that each has its own answer; `f2s apply` does that.")
        }
        return document.draft
    }
}
