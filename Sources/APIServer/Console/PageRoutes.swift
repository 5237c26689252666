import HTTPTypes
import Hummingbird

/// The console's page, and the files that it loads. They contain nothing secret, so a browser loads them without a
/// session.
struct PageRoutes: Sendable {
    var routes: [APIRoute] {
        [
            file("/", "getConsole", "The page of the console.", .html, ConsolePage.index, origin: .entry),
            file("/console.css", "getConsoleStyle", "The style of the console's pages.", .css, ConsolePage.style),
            file("/console.js", "getConsoleScript", "The script of the console's page.", .script, ConsolePage.script),
            file(
                "/callback.js", "getCallbackScript", "The script of the page after a sign-in at a provider.", .script,
                ConsolePage.callbackScript),
            file(
                "/login.js", "getFunctionLoginScript", "The script of the page that signs a user in at a function.",
                .script, ConsolePage.loginScript),
        ]
    }

    private func file(
        _ path: String, _ name: String, _ summary: String, _ type: MediaType, _ text: String,
        origin: OriginRule = .ownHost
    ) -> APIRoute {
        APIRoute(
            .get, path, access: .everybody, origin: origin,
            documentation: OperationDocument(
                name, summary, answers: [.init(200, summary, [type: ["type": "string"]])]),
            handler: { _ in ConsolePage.response(text, as: type) })
    }
}
