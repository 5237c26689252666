import F2SModel
import HTTPTypes
import Hummingbird

/// The pages of the sign-in, and what all pages of the console have in common. The files of the console itself are
/// ``PageFile/all``.
enum ConsolePage {
    /// The policy of the pages and their files: they load files of the console only, contain no script or style
    /// themselves, and cannot be framed.
    static let contentPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        + "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

    /// The fields of all responses of the console. They keep its pages, and the URLs of its pages, from other origins.
    static let isolation: [(name: HTTPField.Name, value: String)] = [
        ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ].compactMap { name, value in HTTPField.Name(name).map { ($0, value) } }

    /// Creates the response with a file of the console.
    static func response(_ text: String, as type: MediaType, status: HTTPResponse.Status = .ok) -> Response {
        var response = Response(text, as: type, status: status)
        response.headers[.contentSecurityPolicy] = contentPolicy
        return response
    }

    /// The page after a sign-in at a provider. Its script finishes the sign-in and opens the console.
    static var callback: Response { waiting(for: "/page/callback.js") }

    /// The page to which a function leads the browser of a user who must sign in. Its script has the console issue a
    /// ticket for the user, or opens the console, where the user signs in before.
    static var login: Response { waiting(for: "/page/login.js") }

    private static func waiting(for script: String) -> Response {
        page(
            head: #"<script type="module" src="\#(script)"></script>"#,
            body: """
                <p id="status" role="status">Signing in…</p>
                <p><a id="back" href="/" hidden>Return to the console</a></p>
                <noscript><p>The console needs JavaScript.</p></noscript>
                """)
    }

    /// Creates the page of a sign-in that has failed.
    static func failure(_ error: SignInError) -> Response {
        page(
            status: HTTPResponse.Status(code: error.status),
            body: """
                <p role="alert">\(DocumentPage.escaped(error.text))</p>
                <p><a href="/">Return to the console</a></p>
                """)
    }

    private static func page(status: HTTPResponse.Status = .ok, head: String = "", body: String) -> Response {
        let text = """
            <!doctype html>
            <html lang="en"><head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>F2S: sign-in</title>
            <link rel="icon" href="data:,">
            <link rel="stylesheet" href="/page/console.css">
            \(head)
            </head><body><main>
            <h1>Sign-in</h1>
            \(body)
            </main></body></html>

            """
        return response(text, as: .html, status: status)
    }
}
