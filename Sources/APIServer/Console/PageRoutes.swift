import F2SModel
import HTTPTypes
import Hummingbird

/// The console's page, and the files that it loads. They contain nothing secret, so a browser loads them without a
/// session.
struct PageRoutes: Sendable {
    var routes: [APIRoute] {
        [
            APIRoute(
                .get, "/", access: .everybody, origin: .entry,
                documentation: OperationDocument(
                    "getConsole", "The page of the console.",
                    answers: [.init(200, "The page.", [.html: ["type": "string"]], headers: ["ETag"]), Self.unchanged]),
                handler: { request in try Self.file("index.html", request) }),
            file("/page/{file}", "getConsoleFile", "A script or a style sheet of the console.") { name in name },
            file("/page/views/{file}", "getConsoleView", "A script of a view of the console.") { name in
                "views/\(name)"
            },
        ]
    }

    private static let unchanged = OperationDocument.Answer(304, "The file is the one that the client knows.")

    private func file(
        _ path: String, _ name: String, _ summary: String, at location: @escaping @Sendable (String) -> String
    ) -> APIRoute {
        APIRoute(
            .get, path, access: .everybody, origin: .ownHost,
            documentation: OperationDocument(
                name, summary,
                answers: [
                    .init(
                        200, "The file.", [.script: ["type": "string"], .css: ["type": "string"]], headers: ["ETag"]),
                    Self.unchanged,
                ], problems: [404]),
            handler: { request in try Self.file(location(request.parameters["file"] ?? ""), request) })
    }

    private static func file(_ path: String, _ request: APIRequest) throws(Problem) -> Response {
        guard let file = PageFile.all[path] else {
            throw Problem(status: 404, title: "No such file", detail: "The console has no file \(path).")
        }
        return file.response(to: request)
    }
}
