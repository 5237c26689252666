import Glibc
import ProcessSupport

/// A language of functions from source text, and the ways to start its servers in tests.
enum Language: String, Sendable, CaseIterable, CustomStringConvertible {
    case python
    case node

    var description: String { rawValue }

    /// The handler cases of the language.
    var cases: [HandlerCase] { self == .python ? HandlerCase.python : HandlerCase.node }

    /// The interpreters on this machine: every version of Python that the runtime supports, and Node.js.
    var interpreters: [String] {
        let names =
            self == .python
            ? ["python3", "python3.9", "python3.10", "python3.11", "python3.12", "python3.13"] : ["node", "nodejs"]
        var found: [String: String] = [:]
        for file in names.flatMap({ name in Self.searchPath.map { "\($0)/\(name)" } }) {
            guard access(file, X_OK) == 0, let version = Self.version(of: file) else { continue }
            if found[version] == nil { found[version] = file }
        }
        return found.values.sorted()
    }

    var interpreter: String { self == .python ? "python3" : "node" }

    /// The path of the runtime.
    var runtime: String {
        F2SBinary.repository + (self == .python ? "/runtimes/python/serve.py" : "/runtimes/node/serve.mjs")
    }

    /// A handler that answers with the number of its request, at once or after some milliseconds.
    var numbering: [String: String] {
        switch self {
        case .python:
            [
                "handler.py": """
                import time

                def handle(request):
                    delay = int(request.query.get("ms", "0"))
                    if delay:
                        time.sleep(delay / 1000)
                    return request.query.get("n", "none")

                """
            ]
        case .node:
            [
                "handler.mjs": """
                export async function handle(request) {
                  const delay = Number(request.query.get("ms") ?? 0);
                  if (delay) await new Promise((done) => setTimeout(done, delay));
                  return request.query.get("n") ?? "none";
                }

                """
            ]
        }
    }

    /// A server without F2S's runtime that gives the same answers.
    var bare: (name: String, text: String) {
        switch self {
        case .python:
            (
                "bare.py",
                """
                import http.server, os

                class Handler(http.server.BaseHTTPRequestHandler):
                    protocol_version = "HTTP/1.1"
                    disable_nagle_algorithm = True
                    wbufsize = -1

                    def do_GET(self):
                        body = b"none"
                        self.send_response(200)
                        self.send_header("Content-Type", "text/plain; charset=utf-8")
                        self.send_header("Content-Length", str(len(body)))
                        self.end_headers()
                        self.wfile.write(body)

                    def log_message(self, *arguments):
                        pass

                http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()

                """
            )
        case .node:
            (
                "bare.mjs",
                """
                import http from "node:http";
                http.createServer((request, response) => {
                  response.writeHead(200, {"Content-Type": "text/plain; charset=utf-8", "Content-Length": 4});
                  response.end("none");
                }).listen(Number(process.env.PORT), "127.0.0.1");

                """
            )
        }
    }

    private static var searchPath: [String] {
        (getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin").split(separator: ":").map { String($0) }
    }

    /// Returns the version that an interpreter prints; `nil` if it cannot run.
    private static func version(of file: String) -> String? {
        guard let folder = try? TemporaryFolder() else { return nil }
        defer { folder.remove() }
        let output = folder.path + "/version"
        let process = try? ChildProcess([file, "--version"], output: output)
        guard let process, (try? process.waitForEnd(within: .seconds(20))) == 0 else { return nil }
        return try? Files.read(output)
    }
}

/// A running runtime with its files.
final class RunningRuntime: Sendable {
    let process: ChildProcess
    let port: Int
    private let folder: TemporaryFolder

    /// Starts a runtime on a free port, and waits until it listens.
    /// - Parameter interpreter: The interpreter; `nil` for that of the PATH.
    init(
        _ language: Language, _ files: [String: String], handler: String = "handler.handle", debug: Bool = false,
        interpreter: String? = nil
    ) throws {
        folder = try TemporaryFolder()
        let source = folder.path + "/source"
        try Files.makeFolder(source)
        for (path, text) in files {
            for parent in path.indices.filter({ path[$0] == "/" }).map({ path[..<$0] }) {
                if access("\(source)/\(parent)", F_OK) != 0 { try Files.makeFolder("\(source)/\(parent)") }
            }
            try Files.write(text, to: "\(source)/\(path)")
        }
        port = try freePort()
        process = try Self.start(
            [interpreter ?? language.interpreter, language.runtime, source, handler], port: port, folder: folder,
            debug: debug)
    }

    /// Starts the server without a runtime.
    init(bare language: Language) throws {
        folder = try TemporaryFolder()
        let (name, text) = language.bare
        try Files.write(text, to: "\(folder.path)/\(name)")
        port = try freePort()
        process = try Self.start([language.interpreter, "\(folder.path)/\(name)"], port: port, folder: folder)
    }

    private static func start(
        _ command: [String], port: Int, folder: TemporaryFolder, debug: Bool = false
    ) throws -> ChildProcess {
        var environment = ["PORT=\(port)", "HOST=127.0.0.1", "LANG=C.UTF-8"]
        if let path = getenv("PATH") { environment.append("PATH=\(String(cString: path))") }
        if debug { environment.append("F2S_DEBUG=1") }
        let process = try ChildProcess(
            command, environment: environment, output: folder.path + "/out", errors: folder.path + "/err")
        do {
            try eventually("\(command) listens") {
                if let status = try process.endIfOver() {
                    throw ChildProcess.Failure(
                        program: command.joined(separator: " "),
                        reason: "ended with \(status): \((try? Files.read(folder.path + "/err")) ?? "")")
                }
                return (try? HTTPConnection(port: port)) != nil
            }
        } catch {
            process.end()
            folder.remove()
            throw error
        }
        return process
    }

    /// The standard error of the process.
    var errors: String { (try? Files.read(folder.path + "/err")) ?? "" }

    func connect() throws -> HTTPConnection { try HTTPConnection(port: port) }

    /// The resident memory in KiB.
    var memory: Int {
        let status = (try? Files.read("/proc/\(process.id)/status")) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }

    /// Ends the process and removes its files.
    func end() {
        process.end()
        folder.remove()
    }
}
