import ArgumentParser
import F2SManifest
import F2SModel
import Glibc

/// `f2s new`: writes a manifest with a small program in it.
struct NewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Write a function from source text: a program and its manifest in one file.",
        usage: "f2s new python|node|shell NAME [--output FILE]",
        discussion: """
            The file NAME.yaml contains the program under target.source.files. Change it, and apply it:

            f2s new python hello
            f2s apply -f hello.yaml
            f2s invoke hello --path '?name=Ada'
            """)

    @Argument(
        help: ArgumentHelp("The runtime: python, node or shell.", valueName: "runtime"),
        transform: { text in
            guard let runtime = SourceCode.Runtime(rawValue: text) else {
                throw ValidationError("There is no runtime \(text): use one of \(SourceCode.runtimeNames).")
            }
            return runtime
        })
    var runtime: SourceCode.Runtime

    @Argument(
        help: "The name of the function.",
        transform: { text in
            do throws(FieldError) {
                return try FunctionName(text)
            } catch {
                throw ValidationError("\(error)")
            }
        })
    var name: FunctionName

    @Option(
        name: [.customShort("o"), .customLong("output")],
        help: ArgumentHelp("The file to write; - is standard output. (default: NAME.yaml)", valueName: "file"))
    var output: String?

    func run() throws {
        let manifest = ManifestWriter().yaml(try runtime.draft(named: name))
        guard output != "-" else { return try Terminal.show(manifest) }
        let file = output ?? "\(name).yaml"
        try Self.write(manifest, to: file)
        try Terminal.write("\(file) is written. Next: f2s apply -f \(file)\n")
    }

    /// Writes a file that does not exist yet.
    private static func write(_ text: String, to file: String) throws(CommandFailure) {
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw errno == EEXIST
                ? CommandFailure("\(file) exists already: choose another name, or another --output")
                : CommandFailure("cannot create \(file): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw CommandFailure("cannot write \(file): \(String(cString: strerror(errno)))") }
            rest = rest.dropFirst(count)
        }
    }
}

extension SourceCode.Runtime {
    /// Returns the declaration of a function that greets its caller.
    fileprivate func draft(named name: FunctionName) throws(FieldError) -> FunctionDraft {
        FunctionDraft(
            name: name, route: try Route("/\(name)"), summary: "Greets the caller.",
            target: Target(source: SourceCode(runtime: self, files: greeting)))
    }

    /// The files of a program that greets its caller.
    private var greeting: [String: String] {
        switch self {
        case .python:
            [
                "handler.py": """
                def handle(request):
                    name = request.query.get("name", "you")
                    print("greeting", name)  # f2s logs shows it
                    return f"Hello, {name}!"

                """
            ]
        case .node:
            [
                "handler.mjs": """
                export function handle(request) {
                  const name = request.query.get("name") ?? "you";
                  console.log("greeting", name); // f2s logs shows it
                  return `Hello, ${name}!`;
                }

                """
            ]
        case .shell:
            [
                "handler.sh": """
                # The body of the request is standard input; the variables are those of CGI.
                echo "greeting $QUERY_STRING" >&2  # f2s logs shows it
                echo "Hello, ${QUERY_STRING:-you}!"

                """
            ]
        }
    }
}
