import F2SManifest
import F2SModel
import HTTPTypes

/// Reads the function that the body of a POST or PUT declares.
enum DeclarationBody {
    /// The content rule of the routes. A foreign page could send a type that is neither JSON nor YAML, so it yields a
    /// 403.
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

    /// Returns the declaration. The reader has validated its values.
    /// - Throws: A ``Problem`` of status 422, with line and column of every error, or because the body does not contain
    ///   exactly one document.
    static func draft(of bytes: [UInt8]) throws -> FunctionDraft {
        let contents = ManifestReader().read(bytes, location: "body")
        guard contents.rejections.isEmpty else {
            let rejections = contents.rejections.map(\.description)
            throw Problem(
                status: 422, title: "The declaration is refused", detail: rejections.joinedClauses,
                errors: rejections)
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
