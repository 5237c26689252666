import F2SModel
import Testing

@Suite struct RouteTests {
    @Test(arguments: [
        ("hello", "/hello"), ("/a/b/", "/a/b"), ("/", "/"), ("a//", "/a"), ("/invoke", "/invoke"),
        ("/invoked/x", "/invoked/x"),
    ])
    func `a route is normalised`(text: String, path: String) throws {
        #expect(try Route(text).path == path)
    }

    @Test(arguments: ["", "/a//b", "/a/../b", "/.", "/a b", "/a%2fb", "/a?b", "/a#b", "/ü", "/invoke/x", "invoke/x/"])
    func `a path with an invalid segment is rejected`(text: String) {
        #expect(throws: FieldError.self) { try Route(text) }
    }
}
