import F2SModel
import Testing

@testable import F2SKubernetes

@Suite struct TokenRotationTests {
    @Test func `the last token is valid for a while beside the new one, which is shown first`() {
        var rotation = TokenRotation("a")
        rotation.take("b", at: .seconds(100))
        #expect(rotation.tokens(at: .seconds(100)).texts == ["b", "a"])
        #expect(rotation.tokens(at: .seconds(699)).texts == ["b", "a"])
        #expect(rotation.tokens(at: .seconds(700)).texts == ["b"])
    }

    @Test func `what is missing or no token changes nothing`() {
        var rotation = TokenRotation("a")
        for token in [nil, "a", "two words", ""] { rotation.take(token, at: .seconds(1)) }
        #expect(rotation.tokens(at: .seconds(1)).texts == ["a"])
    }

    @Test func `of three in a row the first ends at once`() {
        var rotation = TokenRotation("a")
        rotation.take("b", at: .seconds(1))
        rotation.take("c", at: .seconds(2))
        #expect(rotation.tokens(at: .seconds(2)).texts == ["c", "b"])
    }

    @Test func `the first token has nothing beside it`() {
        var rotation = TokenRotation(nil)
        #expect(!rotation.tokens(at: .zero).isSet)
        rotation.take("a", at: .seconds(1))
        #expect(rotation.tokens(at: .seconds(1)).texts == ["a"])
        #expect(rotation.newest == "a")
    }
}
