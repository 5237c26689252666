import HTTPTypes
import Hummingbird

/// The pages of `/` and `/docs`. They contain no scripts and load nothing from other servers.
enum DocumentPage {
    /// Returns the list of routes as text for a shell.
    static func text(_ routes: [APIRoute], version: String, origin: String) -> String {
        let lines = routes.map { route in
            "  \(padded(route.method.rawValue, to: 7))\(padded(route.path, to: 24))\(route.documentation.summary)\n"
        }
        return """
            F2S \(version): Functions as a Service. Functions are invoked at /invoke/<endpoint>.
            Declare one:
              curl -H 'Content-Type: application/yaml' --data-binary @hello.yaml \(origin)/functions

            \(lines.joined())
            """
    }

    /// Returns the introduction of the page of `/`.
    /// - Parameter console: The URL of the console; `nil` if there is none.
    static func welcome(console: String?) -> String {
        let link = console.map { " <a href=\"\(escaped($0))\">Console</a>" } ?? ""
        return """
            <p>Functions as a Service. A function that is declared at <code>/functions</code> is invoked at
            <code>/invoke/&lt;endpoint&gt;</code>.
            <a href="/functions">Functions</a> <a href="/cluster">Installation</a>
            <a href="/docs">Reference</a>\(link)</p>

            """
    }

    /// Returns the routes as a table.
    static func reference(_ routes: [APIRoute]) -> String {
        let rows = routes.map { route in
            let parameters = route.documentation.parameters.map { "<code>\(escaped($0.name))</code>" }
            return "<tr><td>\(route.method.rawValue)</td><td><code>\(escaped(route.path))</code></td>"
                + "<td>\(escaped(route.documentation.summary))</td><td>\(parameters.joined(separator: " "))</td></tr>\n"
        }
        return
            "<table><tr><th>Method</th><th>Path</th><th>What</th><th>Parameters</th></tr>\n\(rows.joined())</table>\n"
    }

    /// Creates the response with a page that loads nothing, runs nothing and cannot be framed.
    static func response(title: String, body: String, status: HTTPResponse.Status = .ok) -> Response {
        var response = Response(html(title: title, body: body), as: .html, status: status)
        response.headers[.contentSecurityPolicy] = "default-src 'none'; style-src 'unsafe-inline'"
        return response
    }

    /// Returns a complete page.
    static func html(title: String, body: String) -> String {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
        <title>\(escaped(title))</title><style>
        :root { color-scheme: light dark }
        body { font: 1rem/1.5 system-ui; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
        th, td { text-align: left; padding: .2rem 1rem .2rem 0; vertical-align: top }
        </style></head><body><h1>\(escaped(title))</h1>
        \(body)</body></html>

        """
    }

    /// Returns a text with the special characters of HTML escaped.
    static func escaped(_ text: String) -> String {
        text.reduce(into: "") { html, character in
            switch character {
            case "&": html += "&amp;"
            case "<": html += "&lt;"
            case ">": html += "&gt;"
            case "\"": html += "&quot;"
            default: html.append(character)
            }
        }
    }

    private static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}
