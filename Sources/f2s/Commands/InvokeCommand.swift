import ArgumentParser
import F2SClient
import F2SModel

/// `f2s invoke`: invokes a function by its name.
struct InvokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invoke", abstract: "Invoke a function by its name.",
        discussion: """
            The response goes to standard output. If its status is 400 or above, the exit status is 1. On a terminal, \
            control characters of the response are shown as escapes such as \\u{1b}; with --raw they are not escaped.
            """)

    @OptionGroup var function: FunctionArgument

    @Option(
        name: [.customShort("X"), .customLong("method")],
        help: ArgumentHelp(
            "HTTP method. (default: the function's own, else POST with data and GET without)", valueName: "method"))
    var method: String?

    @Option(
        name: [.customShort("d"), .customLong("data")],
        help: ArgumentHelp("Data to send: the text itself, @file, or - for standard input.", valueName: "data"))
    var data: String?

    @Option(
        name: [.customShort("H"), .customLong("header")],
        help: ArgumentHelp("A header field to send. May be repeated.", valueName: "name: value"))
    var headers: [String] = []

    @Option(help: ArgumentHelp("Path, query or both, appended to the function's endpoint.", valueName: "path"))
    var path = ""

    @Flag(name: [.customShort("i"), .customLong("include")], help: "Show status and header fields too.")
    var include = false

    @Flag(help: "Write control characters of the response to the terminal unchanged.")
    var raw = false

    @OptionGroup var server: ServerOptions

    func validate() throws {
        _ = try headers.map(Self.field)
        guard method?.allSatisfy({ $0.isASCII && $0.isLetter }) != false else {
            throw ValidationError("The method \(method ?? "") is malformed: use letters, as in POST.")
        }
        guard !path.contains(where: { $0.isWhitespace || !$0.isASCII }), !path.contains("#") else {
            throw ValidationError("The path \(path) is malformed: escape spaces and the like, as in /a%20b.")
        }
    }

    func run() async throws {
        let invocation = Invocation(
            method: method, rest: path, fields: try headers.map(Self.field), content: try content())
        let name = function.name
        try await server.withClient { client in
            let answer = try await client.invoke(name, invocation)
            var foreign = ForeignOutput(isRaw: raw)
            if include { try foreign.write(Self.head(of: answer)) }
            if answer.status >= 400, answer.isOfType(ServerProblem.mediaType), !include {
                let bytes = try await answer.collect(bytesMax: 1 << 20)
                guard let problem = ServerProblem(json: bytes) else {
                    try foreign.write(bytes)
                    return try foreign.finish()
                }
                throw await client.failure(invoking: name, problem)
            }
            for try await piece in answer.content { try foreign.write(piece) }
            try foreign.finish()
            if answer.status >= 400 {
                throw CommandFailure(
                    "\(name) responded with status \(answer.status): see `f2s logs \(name)`")
            }
        }
    }

    private func content() throws -> ClientRequest.Content {
        guard let data else { return .none }
        guard data == "-" || data.hasPrefix("@") else { return .bytes(Array(data.utf8)) }
        let file = try InputFile(data == "-" ? "-" : String(data.dropFirst()))
        return .stream(length: file.length, next: { try file.next() })
    }

    private static func head(of answer: ClientAnswer) -> String {
        let fields = answer.fields.map { "\($0.name): \($0.value)\n" }.joined()
        return "HTTP/1.1 \(answer.status)\(answer.reason.isEmpty ? "" : " " + answer.reason)\n\(fields)\n"
    }

    private static func field(_ text: String) throws -> (name: String, value: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let isToken = { (name: Substring) in
            !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"()<>@,;\\\"/[]?={}".utf8.contains($0) }
        }
        guard parts.count == 2, isToken(parts[0]), parts[1].utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 9 })
        else {
            throw ValidationError("The header \(text) is malformed: write it as 'Name: value'.")
        }
        return (String(parts[0]), String(parts[1].drop { $0 == " " }))
    }
}
