import F2SModel
import Testing

@testable import F2SAccess

@Suite struct SealingKeyTests {
    private let key = SealingKey(derivedFrom: Secret("one"))
    private let content = Array("the content".utf8)

    @Test func `a sealed content is opened by the same key for the same purpose only`() throws {
        let key = try #require(key)
        let sealed = try key.seal(content, for: "session")
        #expect(key.open(sealed, for: "session") == content)
        #expect(SealingKey(derivedFrom: Secret("one"))?.open(sealed, for: "session") == content)
        #expect(key.open(sealed, for: "sign-in") == nil)
        #expect(SealingKey(derivedFrom: Secret("two"))?.open(sealed, for: "session") == nil)
        #expect(SealingKey.random()?.open(sealed, for: "session") == nil)
        #expect(try key.seal(content, for: "session") != sealed, "the nonce is random")
    }

    @Test func `no changed character is accepted`() throws {
        let key = try #require(key)
        let sealed = Array(try key.seal(content, for: "session"))
        for index in sealed.indices {
            var changed = sealed
            changed[index] = changed[index] == "A" ? "B" : "A"
            // The last character has unused bits.
            #expect(key.open(String(changed), for: "session") != content || index == sealed.count - 1)
        }
        for text in ["", "A", "====", String(repeating: "A", count: 38), String(sealed.dropLast(4))] {
            #expect(key.open(text, for: "session") == nil, "\(text)")
        }
    }

    @Test func `a stamp recognizes a secret`() throws {
        let key = try #require(key)
        #expect(try key.stamp(of: Secret("a")) == key.stamp(of: Secret("a")))
        #expect(try key.stamp(of: Secret("a")) != key.stamp(of: Secret("b")))
        #expect(try key.stamp(of: Secret("a")) != SealingKey(derivedFrom: Secret("two"))?.stamp(of: Secret("a")))
    }
}
