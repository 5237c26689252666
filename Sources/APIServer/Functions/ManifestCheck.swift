import F2SManifest
import F2SModel

/// The effect that a text would have if it were sent as a declaration. Pure: nothing is stored.
struct ManifestCheck: Sendable {
    /// One error in the text.
    struct Failure: Sendable, Hashable {
        let message: String
        var line: Int?
        var column: Int?
        /// The path of the field; `nil` if the error is not about one field.
        var field: String?
    }

    /// The largest part of a value that a change shows, in bytes.
    static let valueBytesMax = 64 * 1024
    /// The end of a value that is shortened.
    static let ellipsis = "…"

    /// The errors; empty if the text declares one function.
    let errors: [Failure]
    /// The declaration; `nil` if there are errors.
    let draft: FunctionDraft?
    /// The declaration that is stored under the same name; `nil` if there is none that the caller may read.
    var stored: Function?

    /// Reads a text.
    init(_ bytes: [UInt8]) {
        let contents = ManifestReader().read(bytes, location: "body")
        var errors = contents.rejections.enumerated().map { index, rejection in
            Failure(
                message: rejection.message, line: rejection.line, column: rejection.column,
                field: index < contents.errors.count ? contents.errors[index].field : nil)
        }
        if errors.isEmpty {
            if contents.documents.isEmpty {
                errors.append(
                    Failure(
                        message: "The text declares no function. It needs metadata.name, spec.endpoint, target."))
            } else if contents.documents.count > 1 {
                errors.append(
                    Failure(
                        message: "The text declares \(contents.documents.count) functions. Send one at a time.",
                        line: contents.documents[1].line, column: 1))
            }
        }
        self.errors = errors
        draft = errors.isEmpty ? contents.documents.first?.draft : nil
    }

    /// The fields that the declaration changes.
    var changes: [FieldChange] {
        guard let stored, let wanted else { return [] }
        return FieldChange.changes(from: stored.draft, to: wanted).map { change in
            FieldChange(
                change.field, before: change.before.map(Self.shortened), after: change.after.map(Self.shortened))
        }
    }

    /// True if the declaration replaces the replicas of the function.
    var rollsOut: Bool {
        guard let stored, let wanted else { return false }
        let revision = Revision(
            of: wanted.target, in: stored.origin.workingFolder, restartedAt: stored.origin.restartedAt,
            carrying: stored.origin.carriesMetadata ? wanted.metadata : .none)
        return revision != stored.revision
    }

    /// The declaration as the store would keep it in place of ``stored``.
    private var wanted: FunctionDraft? {
        guard let stored, var draft else { return draft }
        // A manifest that names no namespace has the one of the store.
        if draft.namespace == FunctionDraft.namespaceDefault { draft.namespace = stored.draft.namespace }
        // Kubernetes keeps the labels and annotations that a declaration does not name, because other clients add some.
        if stored.origin.carriesMetadata { draft.metadata = stored.draft.metadata.merging(draft.metadata) }
        return draft
    }

    private static func shortened(_ text: String) -> String {
        guard text.utf8.count > valueBytesMax else { return text }
        var bytes = text.utf8.prefix(valueBytesMax - ellipsis.utf8.count)
        while !bytes.isEmpty {
            if let whole = String(bytes) { return whole + ellipsis }
            bytes = bytes.dropLast()
        }
        return ellipsis
    }
}

extension ManifestCheck {
    /// The response as JSON.
    var json: String {
        let writer = ManifestWriter()
        let errors = errors.map { error in
            "{\"message\":\(error.message.jsonText),\"line\":\(Self.number(error.line)),"
                + "\"column\":\(Self.number(error.column)),\"field\":\(Self.text(error.field))}"
        }
        let changes = changes.map { change in
            "{\"field\":\(change.field.jsonText),\"before\":\(Self.text(change.before)),"
                + "\"after\":\(Self.text(change.after))}"
        }
        return "{\"errors\":[\(errors.joined(separator: ","))],\"name\":\(Self.text(draft?.name.text)),"
            + "\"yaml\":\(Self.text(draft.map { writer.yaml($0) })),"
            + "\"json\":\(draft.map { writer.json($0) } ?? "null"),\"exists\":\(stored != nil),"
            + "\"changes\":[\(changes.joined(separator: ","))],\"rollsOut\":\(rollsOut)}\n"
    }

    private static func text(_ text: String?) -> String { text?.jsonText ?? "null" }
    private static func number(_ number: Int?) -> String { number.map { "\($0)" } ?? "null" }
}
