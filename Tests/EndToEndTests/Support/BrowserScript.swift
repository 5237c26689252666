import ProcessSupport

/// The scripts for a real browser, Debian's Chromium, in Tests/EndToEndTests/Browser.
enum BrowserScript {
    /// Runs a script and returns its findings.
    static func run(_ name: String, _ arguments: [String]) throws -> JSONValue {
        let place = try TemporaryFolder()
        defer { place.remove() }
        let script = F2SBinary.repository + "/Tests/EndToEndTests/Browser/" + name
        let browser = try ChildProcess(
            ["\(RealServer.installed)/venv/bin/python", script] + arguments, output: place.path + "/out",
            errors: place.path + "/err")
        defer { browser.end() }
        guard try browser.waitForEnd(within: .seconds(300)) == 0 else {
            throw ChildProcess.Failure(program: name, reason: try Files.read(place.path + "/err"))
        }
        return try JSONValue(Array(try Files.read(place.path + "/out").utf8))
    }
}
