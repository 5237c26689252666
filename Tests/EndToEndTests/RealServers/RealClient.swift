import ProcessSupport

/// A common HTTP client. The programs are in Tests/EndToEndTests/Clients.
struct RealClient: Sendable {
    let name: String
    /// The shell command for GET. `$CLIENTS` is Tests/EndToEndTests/Clients; `$SERVERS` is the folder of
    /// `scripts/servers`.
    let get: String
    /// The shell command that sends 100,000 bytes and prints the response. The file `$BODY` contains the body.
    let post: String

    init(_ name: String, get: String, post: String) {
        self.name = name
        self.get = get
        self.post = post
    }

    private init(_ name: String, _ program: String) {
        self.init(name, get: program + " get $URL", post: program + " post $URL")
    }

    static let all = [
        RealClient(
            "curl", get: "curl --silent --show-error --fail --output /dev/null --write-out '%{size_download}' $URL",
            post: "curl --silent --show-error --fail --data-binary @$BODY $URL"),
        RealClient(
            "curl offering h2c",
            get: "curl --http2 --silent --show-error --fail --output /dev/null --write-out '%{size_download}' $URL",
            post: "curl --http2 --silent --show-error --fail --data-binary @$BODY $URL"),
        // One try only, because wget retries by default.
        RealClient(
            "wget", get: "wget --quiet --tries=1 --output-document=$BODY.got $URL && printf %s $(wc -c <$BODY.got)",
            post: "wget --quiet --tries=1 --post-file=$BODY --output-document=- $URL"),
        RealClient("requests", "$SERVERS/venv/bin/python $CLIENTS/client.py requests"),
        RealClient("httpx", "$SERVERS/venv/bin/python $CLIENTS/client.py httpx"),
        RealClient("aiohttp", "$SERVERS/venv/bin/python $CLIENTS/client.py aiohttp"),
        RealClient("node", "node $CLIENTS/client.js"),
        RealClient("java", "java -cp $SERVERS Client"),
        RealClient("go", "$SERVERS/client"),
    ]

    /// The result of one run of the client.
    struct Outcome {
        let status: Int
        let output: String
        let errors: String
    }

    func run(_ command: String, url: String, home: String) throws -> Outcome {
        let (output, errors) = ("\(home)/client.out", "\(home)/client.err")
        for file in [output, errors] { try Files.write("", to: file) }
        let variables = [
            "URL=\(url)", "BODY=\(home)/body", "CLIENTS=\(F2SBinary.repository)/Tests/EndToEndTests/Clients",
            "SERVERS=\(RealServer.installed)",
        ]
        let process = try ChildProcess(
            ["sh", "-c", command], environment: ChildProcess.ownEnvironment + variables, output: output, errors: errors)
        defer { process.end() }
        let status = try process.waitForEnd(within: .seconds(60))
        return Outcome(status: status, output: try Files.read(output), errors: try Files.read(errors))
    }
}
