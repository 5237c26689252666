import F2SModel
import Testing

@Suite struct PeerTokensTests {
    @Test(arguments: ["two words", "tab\t", "line\r\nX-Evil: 1", "ümlaut", "", String(repeating: "a", count: 1025)])
    func `a token that is not valid in a header field is ignored`(token: String) {
        #expect(!PeerTokens.isValid(token))
        #expect(!PeerTokens([token]).isSet)
        #expect(PeerTokens([token, "good"]).texts == ["good"])
    }

    @Test func `the first two different tokens are kept in order`() {
        #expect(PeerTokens(["c", "b", "b", "a"]).texts == ["c", "b"])
        #expect(PeerTokens(["a", "a"]).fieldValue == "a")
        #expect(PeerTokens(["b", "a"]).fieldValue == "b a")
        #expect(PeerTokens().fieldValue == nil)
    }

    @Test(arguments: [
        ("new", true), ("old", true), ("new old", true), ("old other", true), ("other old", true), ("other", false),
        ("", false), (" ", false), ("new,old", false), ("old old old", false), ("NEW", false), ("ne", false),
        ("newer", false),
    ])
    func `one common token is enough`(shown: String, isEnough: Bool) {
        #expect(PeerTokens(["new", "old"]).areShown(by: shown) == isEnough)
        #expect(!PeerTokens().areShown(by: shown))
    }

    @Test func `a missing header field contains no token`() { #expect(!PeerTokens(["a"]).areShown(by: nil)) }
}
