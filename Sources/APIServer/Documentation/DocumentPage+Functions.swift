import F2SModel

// The functions on the page of `/`.
extension DocumentPage {
    /// The maximum number of functions that are shown. The others are only counted.
    static let functionsMax = 500

    /// Returns a table of the functions with their links, states and errors, followed by the rejected declarations.
    static func table(of functions: [FunctionSummary], rejections: [Rejection]) -> String {
        guard !functions.isEmpty || !rejections.isEmpty else {
            return "<p>No function is declared yet: <code>f2s apply -f hello.yaml</code> declares one.</p>\n"
        }
        let rows = functions.prefix(functionsMax).map { function in
            let path = escaped(function.path)
            let links = ["logs", "why"].map { "<a href=\"/functions/\(function.name)/\($0)\">\($0)</a>" }
            return "<tr><td><a href=\"/functions/\(function.name)\">\(function.name)</a></td>"
                + "<td>\(function.method)</td><td><a href=\"\(path)\">\(path)</a></td>"
                + "<td>\(escaped(function.state))</td><td>\(function.ready)/\(function.desired)</td>"
                + "<td>\(links.joined(separator: " "))</td><td>\(escaped(function.problem ?? ""))</td></tr>\n"
        }
        let titles = ["Function", "Method", "Invoke", "State", "Ready", "", "Last error"]
        return "<table><tr>\(titles.map { "<th>\($0)</th>" }.joined())</tr>\n\(rows.joined())</table>\n"
            + more(functions).map { "<p>\($0)</p>\n" }.joined()
            + rejections.map { "<p>Refused: <code>\(escaped($0.description))</code></p>\n" }.joined()
    }

    /// Returns the same as text for a shell.
    static func text(of functions: [FunctionSummary], rejections: [Rejection], origin: String) -> String {
        let lines = functions.prefix(functionsMax).map { function in
            let method = function.method == "any" ? "" : function.method + " "
            let problem = function.problem.map { "\n    \($0.printable)" } ?? ""
            return "  \(function.name): \(method)\(origin)\(function.path) "
                + "(\(function.state), \(function.ready)/\(function.desired) ready)\(problem)\n"
        }
        let refused = rejections.map { "  refused: \($0.description)\n" }
        guard !lines.isEmpty || !refused.isEmpty else { return "No function is declared yet.\n\n" }
        return "Functions:\n" + (lines + more(functions).map { "  \($0)\n" } + refused).joined() + "\n"
    }

    private static func more(_ functions: [FunctionSummary]) -> [String] {
        functions.count > functionsMax ? ["\(functions.count - functionsMax) more: GET /functions lists all."] : []
    }
}
