import FoundationEssentials
import TestSupport
import Testing

@testable import F2SKubernetes

@Suite struct InternalTokenTests {
    private func secret(_ token: String?) -> JSONValue {
        var secret: JSONValue = ["metadata": ["name": "f2s-internal", "resourceVersion": "7"], "type": "Opaque"]
        if let token { secret["data"] = ["token": .string(Data(token.utf8).base64EncodedString())] }
        return secret
    }

    @Test func `an empty Secret holds no token`() {
        #expect(InternalToken.token(in: secret(nil)) == nil)
        #expect(InternalToken.token(in: secret("")) == nil)
        #expect(InternalToken.token(in: secret("\n")) == nil)
        #expect(InternalToken.token(in: ["data": ["token": "no base64!"]]) == nil)
    }

    @Test func `a token that somebody has put there is taken, without a line end`() {
        #expect(InternalToken.token(in: secret("abc")) == "abc")
        #expect(InternalToken.token(in: secret("abc\n")) == "abc")
    }

    @Test func `a token that is put there can be read, and the version that was seen goes along`() {
        let filled = InternalToken.secret(secret(nil), holding: "0123")
        #expect(InternalToken.token(in: filled) == "0123")
        #expect(filled["metadata"]?["resourceVersion"]?.text == "7")
        #expect(filled["type"]?.text == "Opaque")
    }

    @Test func `other keys of the Secret stay`() {
        var mine = secret(nil)
        mine["data"] = ["other": "eA=="]
        #expect(InternalToken.secret(mine, holding: "0123")["data"]?["other"]?.text == "eA==")
    }

    @Test func `no two tokens are the same, and each has 256 bits`() {
        var random = SeededGenerator(seed: 1)
        let tokens = (0..<100).map { _ in InternalToken.made(by: &random) }
        #expect(Set(tokens).count == 100)
        #expect(tokens.allSatisfy { $0.count == 64 && $0.allSatisfy(\.isHexDigit) })
    }
}
