import F2SModel
import Testing

@Suite struct NamePatternTests {
    @Test(arguments: [
        ("*", ["", "a", "a.b-c"], []),
        ("function-*", ["function-", "function-a"], ["function", "my-function-a", "a"]),
        ("*-key", ["a-key", "-key"], ["key", "a-keys"]), ("a*b*c", ["abc", "a-b-c", "abbc"], ["acb", "ab", "ac"]),
        ("aa*aa", ["aaaa", "aabaa"], ["aaa", "aa"]), ("plain", ["plain"], ["plain2", "plai", ""]),
        ("a**b", ["ab", "axb"], ["a", "b"]),
    ])
    func `a star in a pattern matches any characters`(text: String, yes: [String], no: [String]) throws {
        let pattern = try #require(NamePattern(text))
        for name in yes { #expect(pattern.matches(name), "\(name)") }
        for name in no { #expect(!pattern.matches(name), "\(name)") }
    }

    @Test(arguments: ["", "A", "a b", "a/b", "?", String(repeating: "a", count: 254)])
    func `a text that is not a pattern is rejected`(text: String) {
        #expect(NamePattern(text) == nil)
    }
}
