import F2SModel
import FoundationEssentials
import Testing

@testable import F2SKubernetes

@Suite struct GeneratedSecretTests {
    private func secret(_ token: String?) -> JSONValue {
        var secret: JSONValue = ["metadata": ["name": "f2s-internal", "resourceVersion": "7"], "type": "Opaque"]
        if let token { secret["data"] = ["token": .string(Data(token.utf8).base64EncodedString())] }
        return secret
    }

    @Test func `an empty Secret has no token`() {
        #expect(GeneratedSecret.token(in: secret(nil)) == nil)
        #expect(GeneratedSecret.token(in: secret("")) == nil)
        #expect(GeneratedSecret.token(in: secret("\n")) == nil)
        #expect(GeneratedSecret.token(in: ["data": ["token": "no base64!"]]) == nil)
    }

    @Test func `a token that was written by hand is read without its line break`() {
        #expect(GeneratedSecret.token(in: secret("abc")) == "abc")
        #expect(GeneratedSecret.token(in: secret("abc\n")) == "abc")
    }

    @Test func `a written token can be read, and the Secret keeps its resource version`() {
        let filled = GeneratedSecret.secret(secret(nil), holding: "0123")
        #expect(GeneratedSecret.token(in: filled) == "0123")
        #expect(filled["metadata"]?["resourceVersion"]?.text == "7")
        #expect(filled["type"]?.text == "Opaque")
    }

    @Test func `a write of the token keeps other keys of the Secret`() {
        var mine = secret(nil)
        mine["data"] = ["other": "eA=="]
        #expect(GeneratedSecret.secret(mine, holding: "0123")["data"]?["other"]?.text == "eA==")
    }

    @Test func `all generated tokens are different and have 256 bits`() {
        var random = SplitMix64(seed: 1)
        let tokens = (0..<100).map { _ in GeneratedSecret.token(by: &random) }
        #expect(Set(tokens).count == 100)
        #expect(tokens.allSatisfy { $0.count == 64 && $0.allSatisfy(\.isHexDigit) })
    }
}
