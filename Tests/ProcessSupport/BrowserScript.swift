import Glibc

/// The scripts for a real browser, Debian's Chromium, in Tests/EndToEndTests/Browser.
package enum BrowserScript {
    /// Runs a script and returns its findings. A script that fails keeps pictures and a trace in ``failures``; its
    /// error, or its finding `kept`, names them.
    package static func run(
        _ name: String, _ arguments: [String], within limit: Duration = .seconds(300)
    ) throws -> JSONValue {
        let place = try TemporaryFolder()
        defer { place.remove() }
        let script = TestEnvironment.repository + "/Tests/EndToEndTests/Browser/" + name
        let browser = try ChildProcess(
            ["\(TestEnvironment.servers)/venv/bin/python", script] + arguments,
            environment: ChildProcess.ownEnvironment.filter { !$0.hasPrefix("F2S_FAILURES=") }
                + ["F2S_FAILURES=\(failures)"], output: place.path + "/out",
            errors: place.path + "/err")
        defer { browser.end() }
        guard try browser.waitForEnd(within: limit) == 0 else {
            throw ChildProcess.Failure(program: name, reason: try Files.read(place.path + "/err"))
        }
        return try JSONValue(Array(try Files.read(place.path + "/out").utf8))
    }

    /// The folder for pictures and traces of failures: `F2S_FAILURES`, or one in the build folder. A script makes it
    /// when it needs it.
    private static var failures: String {
        if let folder = getenv("F2S_FAILURES") { return String(cString: folder) }
        let build = getenv("BUILD").map { String(cString: $0) } ?? ".build"
        return (build.hasPrefix("/") ? build : "\(TestEnvironment.repository)/\(build)") + "/browser-failures"
    }
}
