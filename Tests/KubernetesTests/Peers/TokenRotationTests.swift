import F2SModel
import Testing

@testable import F2SKubernetes

@Suite struct TokenRotationTests {
    @Test func `the replaced token stays valid for a while, and the new one comes first`() {
        var rotation = TokenRotation("a")
        rotation.apply("b", at: .seconds(100))
        #expect(rotation.tokens(at: .seconds(100)).texts == ["b", "a"])
        #expect(rotation.tokens(at: .seconds(699)).texts == ["b", "a"])
        #expect(rotation.tokens(at: .seconds(700)).texts == ["b"])
    }

    @Test func `a missing or invalid token changes nothing`() {
        var rotation = TokenRotation("a")
        for token in [nil, "a", "two words", ""] { rotation.apply(token, at: .seconds(1)) }
        #expect(rotation.tokens(at: .seconds(1)).texts == ["a"])
    }

    @Test func `of three successive tokens the first is invalid at once`() {
        var rotation = TokenRotation("a")
        rotation.apply("b", at: .seconds(1))
        rotation.apply("c", at: .seconds(2))
        #expect(rotation.tokens(at: .seconds(2)).texts == ["c", "b"])
    }

    @Test func `the first token is the only valid one`() {
        var rotation = TokenRotation(nil)
        #expect(!rotation.tokens(at: .zero).isSet)
        rotation.apply("a", at: .seconds(1))
        #expect(rotation.tokens(at: .seconds(1)).texts == ["a"])
        #expect(rotation.newest == "a")
    }
}
