import F2SManifest
import F2SModel
import Hummingbird

/// `/functions/{name}/history`: the last declarations of a function, to see who has changed it, and to restore one.
///
/// A client restores a declaration by a PUT of it, which needs the privilege for that. The list itself needs
/// ``Privilege/list``, as the current declaration does.
struct HistoryRoutes: Sendable {
    private let functions: any FunctionStore
    private let replicas: @Sendable () -> ReplicaSnapshot
    private let recorder: HistoryRecorder

    init(parts: APIServerParts, recorder: HistoryRecorder) {
        functions = parts.platform.functions
        replicas = { [inspector = parts.operatorInspector] in inspector.currentReplicas() }
        self.recorder = recorder
    }

    var routes: [APIRoute] { [list, read] }

    private var list: APIRoute {
        APIRoute(
            .get, "/functions/{name}/history", access: .holder(of: .list), origin: .ownHost,
            documentation: OperationDocument(
                "listDeclarations",
                "The last declarations of a function, newest first: who has changed it, when, and which of them have "
                    + "served.",
                answers: [
                    .init(200, "The declarations.", [.json: OperationDocument.schema("FunctionHistory")])
                ], problems: [404, 503]),
            handler: { request in
                let function = try await functions.fetch(request.functionName(), for: request.principal)
                let items = try await recorder.history(of: function).items(
                    current: function.generation, ready: replicas()[function.id].readyRevisions)
                return try Response(json: ItemList(items: items))
            })
    }

    private var read: APIRoute {
        let schema = OperationDocument.schema("Function")
        return APIRoute(
            .get, "/functions/{name}/history/{generation}", access: .holder(of: .list), origin: .ownHost,
            documentation: OperationDocument(
                "getDeclaration", "One of the last declarations of a function, without status. A PUT restores it.",
                parameters: [.output],
                answers: [.init(200, "The declaration.", [.json: schema, .yaml: schema])], problems: [400, 404, 503]),
            handler: { request in
                let output = try request.output()
                let function = try await functions.fetch(request.functionName(), for: request.principal)
                let number = request.parameters["generation"] ?? ""
                let history = try await recorder.history(of: function)
                guard let manifest = Int(number).flatMap({ history.record(of: $0) })?.manifest,
                    let text = Self.text(manifest, as: output)
                else {
                    throw Problem(
                        status: 404, title: "No such declaration",
                        detail: "F2S does not remember declaration \(number.printable) of \(function.name). "
                            + "GET /functions/\(function.name)/history lists those that it does.",
                        function: function.name)
                }
                return Response(text, as: output)
            })
    }

    /// Returns a manifest in the requested format; `nil` if it cannot be read any more.
    private static func text(_ manifest: String, as output: MediaType) -> String? {
        guard output == .json else { return manifest }
        let contents = ManifestReader().read(Array(manifest.utf8), location: "history")
        return contents.documents.first.map { ManifestWriter().json($0.draft) }
    }
}
