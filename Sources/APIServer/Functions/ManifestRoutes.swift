import F2SModel
import Hummingbird

/// `POST /manifests`: checks a declaration, and compares it with the stored one, without storing anything. An editor
/// sends its text here while the user types.
struct ManifestRoutes: Sendable {
    /// The store of declarations.
    let functions: any FunctionStore

    /// The path of the route. Its requests are no actions, so the audit log does not contain them.
    static let path = "/manifests"

    var routes: [APIRoute] {
        [
            APIRoute(
                .post, Self.path, access: .partialHolder(of: .list, or: [.create, .update]), origin: .noPage,
                content: DeclarationBody.rule,
                documentation: OperationDocument(
                    "checkManifest",
                    "The errors of a declaration, and its differences from the stored one. Nothing is stored.",
                    takesFunction: true,
                    answers: [
                        .init(
                            200, "The errors and differences, also of a text that is no declaration.",
                            [.json: OperationDocument.schema("ManifestCheck")])
                    ], problems: [503]),
                handler: { request in
                    var check = ManifestCheck(Array(request.body.readableBytesView))
                    // To other callers, a function that exists looks like one that does not.
                    if let name = check.draft?.name, request.principal.may(.list, on: name.text) {
                        check.stored = try await functions.fetchCurrent().functions.first { $0.name == name }
                    }
                    return Response(check.json, as: .json)
                })
        ]
    }
}
