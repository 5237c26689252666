import F2SModel
import Foundation
import Glibc
import Logging
import Testing

@testable import F2SLocal

/// The programs that tests run, built once with the C compiler.
enum Workshop {
    /// The launcher, built from the sources of CLinux and a `main`.
    static let launcher: Result<String, any Error> = Result {
        let sources = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/CLinux").standardizedFileURL.path
        let main = "#include \"CLinux.h\"\nint main(void) { return f2s_launcher_run(); }\n"
        let files = ["launcher", "launch", "processes"].map { "\(sources)/\($0).c" }
        return try build("launcher", main, extra: files + ["-I\(sources)/include"])
    }

    /// A server that listens on $PORT at once and answers every request with `hello`.
    static let server: Result<String, any Error> = Result { try build("server", serverSource) }

    private static let folder = FileManager.default.temporaryDirectory.appending(
        path: "f2s-workshop-\(ProcessInfo.processInfo.processIdentifier)")

    /// True once the programs are set to be removed at the end of the test process.
    private static let isRemovedAtExit = atexit { try? FileManager.default.removeItem(at: Workshop.folder) } == 0

    private static func build(_ name: String, _ source: String, extra: [String] = []) throws -> String {
        try #require(isRemovedAtExit)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let text = folder.appending(path: "\(name).c")
        try Data(source.utf8).write(to: text)
        let program = folder.appending(path: name).path
        let compiler = Process()
        compiler.executableURL = URL(filePath: "/usr/bin/cc")
        compiler.arguments = ["-O1", "-o", program, text.path] + extra
        try compiler.run()
        compiler.waitUntilExit()
        try #require(compiler.terminationStatus == 0)
        return program
    }

    private static let serverSource = """
        #include <arpa/inet.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/socket.h>
        #include <time.h>
        #include <unistd.h>
        int main(void) {
            int s = socket(AF_INET, SOCK_STREAM, 0), one = 1;
            setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
            struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(atoi(getenv("PORT")))};
            a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            if (bind(s, (struct sockaddr *)&a, sizeof a) || listen(s, 64)) { perror("server"); return 1; }
            struct timespec t;
            clock_gettime(CLOCK_MONOTONIC, &t);
            printf("listens %lld\\n", (long long)t.tv_sec * 1000000000LL + t.tv_nsec);
            fflush(stdout);
            for (;;) {
                int c = accept(s, 0, 0);
                char b[4096];
                if (read(c, b, sizeof b) > 0) {
                    const char *r = "HTTP/1.1 200 OK\\r\\nContent-Length: 6\\r\\n\\r\\nhello\\n";
                    if (write(c, r, strlen(r)) < 0) return 2;
                }
                close(c);
            }
        }
        """
}

/// A folder that is removed when the object is deallocated.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "f2s-local-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String) throws {
        let url = URL(filePath: path).appending(path: name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    func read(_ name: String) throws -> String { try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }

    var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }
}

/// Returns a manifest of a function that runs `command`.
func manifest(_ name: String, command: String = "[sleep, '1000']", more: String = "") -> String {
    """
    apiVersion: f2s.opensight.ch/v1alpha1
    kind: Function
    metadata: {name: \(name)}
    spec: {endpoint: /\(name)}
    target:
      command: \(command)
    \(more)
    """
}

func draft(_ name: String, _ target: Target = Target(command: ["sleep", "1000"])) throws -> FunctionDraft {
    try FunctionDraft(name: FunctionName(name), route: Route("/" + name), target: target)
}

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
