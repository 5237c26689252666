import Glibc
import ProcessSupport

/// A common HTTP server as a function. The programs are in Tests/EndToEndTests/Servers, and `scripts/servers` installs
/// their dependencies.
struct RealServer: Sendable {
    let name: String
    /// The shell command, for the working folder Tests/EndToEndTests/Servers. `$SERVERS` is the folder of
    /// `scripts/servers`.
    let command: String
    /// True if `make test` includes the server. `make soak` includes all.
    var isQuick = false
    /// The concurrency of the function; set to 1 if the server serves one connection at a time.
    var concurrency: Int?
    /// The path of the program on the server (`target.endpoint`).
    var path: String?
    var hasWebSocket = false
    /// The checks that the server fails even without F2S.
    var cannot: Set<ServerCheck> = []
    /// True if the server responds to `/echo` with the number of bytes only.
    var isWithoutDigest = false

    var checks: [ServerCheck] {
        ServerCheck.allCases.filter { !cannot.contains($0) && ($0 != .webSocket || hasWebSocket) }
    }

    func manifest() throws -> FunctionManifest {
        let folder = F2SBinary.repository + "/Tests/EndToEndTests/Servers"
        return FunctionManifest(name, command: ["sh", "-c", "cd '\(folder)' && \(command)"]).with {
            $0.maxReplicas = 1
            $0.concurrency = concurrency
            $0.path = path
            $0.environment = ["SERVERS": Self.installed]
        }
    }

    /// The folder of `scripts/servers`.
    static var installed: String { TestEnvironment.servers }

    /// The servers of this run. With `F2S_SOAK`, these are all.
    static var ofThisRun: [RealServer] { getenv("F2S_SOAK") == nil ? all.filter(\.isQuick) : all }

    static let all = [
        RealServer(
            name: "python-http-1-0", command: "exec python3 http_server.py 1.0", isQuick: true, concurrency: 1),
        // While one connection is idle, the server does not serve others.
        RealServer(
            name: "python-http-1-1", command: "exec python3 http_server.py 1.1", isQuick: true, concurrency: 1),
        RealServer(
            name: "gunicorn-sync", command: "exec $SERVERS/venv/bin/gunicorn --bind 127.0.0.1:$PORT wsgi",
            concurrency: 1),
        RealServer(
            name: "gunicorn-gthread",
            command: "exec $SERVERS/venv/bin/gunicorn --threads 4 --bind 127.0.0.1:$PORT wsgi", isQuick: true),
        RealServer(
            name: "waitress",
            command: "exec $SERVERS/venv/bin/waitress-serve --listen 127.0.0.1:$PORT wsgi:application"),
        RealServer(
            name: "uvicorn-httptools", command: uvicorn + " --http httptools asgi:application", isQuick: true,
            hasWebSocket: true),
        RealServer(name: "uvicorn-h11", command: uvicorn + " --http h11 asgi:application", hasWebSocket: true),
        RealServer(
            name: "hypercorn", command: "exec $SERVERS/venv/bin/hypercorn --bind 127.0.0.1:$PORT asgi:application",
            hasWebSocket: true),
        RealServer(
            name: "aiohttp", command: "exec $SERVERS/venv/bin/python aiohttp_server.py", hasWebSocket: true),
        RealServer(
            name: "tornado", command: "exec $SERVERS/venv/bin/python tornado_server.py", hasWebSocket: true),
        RealServer(name: "node", command: "exec node server.js", isQuick: true),
        RealServer(
            name: "php", command: "exec php -d enable_post_data_reading=0 -S 127.0.0.1:$PORT router.php",
            isQuick: true, concurrency: 1),
        RealServer(name: "puma", command: "exec puma --bind tcp://127.0.0.1:$PORT config.ru"),
        RealServer(
            name: "webrick",
            command: "exec rackup --server webrick --host 127.0.0.1 --port $PORT --env none config.ru"),
        // Starman responds to HEAD with a body.
        RealServer(name: "starman", command: "exec starman --listen 127.0.0.1:$PORT --workers 4 app.psgi"),
        RealServer(name: "nginx", command: "exec sh nginx.sh", isQuick: true, isWithoutDigest: true),
        RealServer(
            name: "lighttpd", command: "export PWD && exec /usr/sbin/lighttpd -D -f lighttpd.conf", path: "/app"),
        // busybox passes a body to its programs only if it has a length.
        RealServer(
            name: "busybox", command: "exec sh busybox.sh", path: "/cgi-bin/app", cannot: [.chunkedUpload]),
        RealServer(name: "java", command: "exec java -cp $SERVERS Server"),
        RealServer(name: "go", command: "exec $SERVERS/server", isQuick: true),
    ]

    private static let uvicorn = "exec $SERVERS/venv/bin/uvicorn --host 127.0.0.1 --port $PORT"
}
