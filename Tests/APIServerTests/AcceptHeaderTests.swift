import Testing

@testable import F2SAPIServer

@Suite struct AcceptHeaderTests {
    @Test(arguments: [
        (nil, MediaType.json), ("", .json), ("*/*", .json), ("application/json", .json), ("application/yaml", .yaml),
        ("APPLICATION/YAML", .yaml), ("application/*", .json), ("text/html", .json),
        ("application/yaml;q=0.5, application/json;q=0.4", .yaml), ("application/json;q=0, */*", .yaml),
        ("application/yaml;q=0, application/json;q=0", .json), ("application/yaml; charset=utf-8", .yaml),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", .json), (";;,,q", .json),
    ])
    func `the format with the highest quality is used, otherwise JSON`(header: String?, type: MediaType) {
        #expect(AcceptHeader(header).preferred(of: [.json, .yaml]) == type)
    }

    @Test func `a browser receives a page`() {
        let browser = AcceptHeader("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
        #expect(browser.preferred(of: [.text, .html]) == .html)
        #expect(AcceptHeader("*/*").preferred(of: [.text, .html]) == .text)
    }

    @Test(arguments: [
        ("application/json", MediaType.json), ("application/json; charset=utf-8", .json), ("Application/YAML", .yaml),
        ("text/plain", .text), ("application/jsonx", nil), ("application/x-www-form-urlencoded", nil), ("", nil),
        (nil, nil),
        ("multipart/form-data; a=application/json", nil),
    ])
    func `a content type is known or unknown`(header: String?, type: MediaType?) {
        #expect(MediaType(contentType: header) == type)
    }
}
