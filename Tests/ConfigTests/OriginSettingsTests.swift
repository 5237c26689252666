import F2SModel
import Testing

@testable import F2SConfig

/// The URLs at which browsers reach the listeners (`f2s.public_url`, `f2s.console_url`).
@Suite struct OriginSettingsTests {
    private func read(_ text: String) throws -> Settings {
        try SettingsReader().read(Array("f2s: {public_url: \(text), console_url: 'https://Console.example.org'}".utf8))
    }

    @Test(arguments: [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"), ("https://f2s.example.org/", "https://f2s.example.org"),
        ("'http://[::1]:8080'", "http://[::1]:8080"), ("https://F2S.example.org", "https://f2s.example.org"),
    ])
    func `a URL is read without its slash`(text: String, origin: String) throws {
        let settings = try read(text)
        #expect(settings.publicURL == origin && settings.consoleURL == "https://console.example.org")
        #expect(settings.json.contains(#""public_url":"\#(origin)","console_url":"https://console.example.org""#))
    }

    @Test(arguments: [
        "f2s.example.org", "ftp://f2s.example.org", "https://", "https://f2s.example.org/x", "'https://a?b'",
        "'https://a#b'", "https://ann@f2s.example.org", "'https://a b'", "https://a:port", "[https://a]",
    ])
    func `another text is an error that names the key`(text: String) throws {
        let error = try #require(throws: SettingsError.self) { try read(text) }
        #expect(error.description.contains("f2s.public_url"), "\(error.description)")
    }

    @Test func `their hosts are known hosts`() throws {
        let text = "f2s: {public_hosts: [a.example], public_url: 'http://[::1]:80', console_url: 'https://c.example:8'}"
        let settings = try SettingsReader().read(Array(text.utf8))
        #expect(settings.knownHosts == ["a.example", "::1", "c.example"] && settings.publicHosts == ["a.example"])
    }

    @Test func `without the settings there is no URL`() throws {
        let settings = try SettingsReader().read(nil)
        #expect(settings.publicURL == nil && settings.consoleURL == nil)
    }
}
