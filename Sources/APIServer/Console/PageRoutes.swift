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
            APIRoute(
                .get, "/page/{file}", access: .everybody, origin: .ownHost,
                documentation: OperationDocument(
                    "getConsoleFile", "A script or a style sheet of the console, or a guide as Markdown.",
                    answers: [
                        .init(
                            200, "The file.",
                            [.script: ["type": "string"], .css: ["type": "string"], .text: ["type": "string"]],
                            headers: ["ETag"]),
                        Self.unchanged,
                    ], problems: [404]),
                handler: { request in try Self.file(request.parameters["file"] ?? "", request) }),
        ]
    }

    private static let unchanged = OperationDocument.Answer(304, "The file is the one that the client knows.")

    private static func file(_ path: String, _ request: APIRequest) throws(Problem) -> Response {
        guard let file = PageFile.all[path] else {
            throw Problem(status: 404, title: "No such file", detail: "The console has no file \(path).")
        }
        return file.response(to: request)
    }
}
