import Testing

@testable import F2SAccess

@Suite struct VerificationKeyTests {
    private static func keys(_ json: String) throws -> [VerificationKey] {
        let document = try #require(JSONObject(Array(json.utf8)))
        return try #require(VerificationKey.keys(of: document))
    }

    /// The keys and tokens of RFC 7515, appendices A.2 and A.3, and of RFC 8037, appendix A.
    private static let published = [
        (#"{"kty":"RSA","n":"\#(modulus)","e":"AQAB"}"#, rs256),
        (#"{"kty":"EC","crv":"P-256","x":"\#(x)","y":"\#(y)"}"#, es256),
        (#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#, ed25519),
    ]
    private static let x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
    private static let y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
    private static let modulus =
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0B"
        + "m4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5"
        + "z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7"
        + "aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
    private static let rs256 =
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlL"
        + "mNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7"
        + "AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWz"
        + "O75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZES"
        + "c6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlU"
        + "PQGe77Rw"
    private static let es256 =
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlL"
        + "mNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"
        + "pmWQxfKTUJqPP3-Kg6NU1Q"
    private static let ed25519 =
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGc"
        + "vMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"

    @Test(arguments: published) func `the published examples are accepted, and changed ones are not`(
        json: String, text: String
    ) throws {
        let keys = try Self.keys(#"{"keys":[\#(json)]}"#)
        let key = try #require(keys.first)
        let token = try JSONWebToken(text[...])
        #expect(try key.accepts(token.signature, of: token.signed))
        for index in [0, token.signed.count / 2, token.signed.count - 1] {
            var changed = token.signed
            changed[index] ^= 1
            #expect(try !key.accepts(token.signature, of: changed))
        }
        for index in [0, 31, 32, token.signature.count - 1] {
            var changed = token.signature
            changed[index] ^= 1
            #expect(try !key.accepts(changed, of: token.signed))
        }
        for wrong in [[], Array(token.signature.dropLast()), token.signature + [0], [UInt8](repeating: 0, count: 64)] {
            #expect(try !key.accepts(wrong, of: token.signed))
        }
    }

    @Test(arguments: ["RS256", "ES256", "EdDSA"]) func `a key accepts its own signatures only`(algorithm: String) throws
    {
        let (own, other) = (SigningKey(algorithm, id: "a"), SigningKey(algorithm, id: "a"))
        let keys = try Self.keys(#"{"keys":[\#(own.json)]}"#)
        let key = try #require(keys.first)
        #expect(key.id == "a" && key.algorithm == VerificationKey.Algorithm(algorithm))
        for (signer, isRight) in [(own, true), (other, false)] {
            let token = try JSONWebToken(signer.token("{}")[...])
            #expect(try key.accepts(token.signature, of: token.signed) == isRight)
        }
    }

    @Test(arguments: [
        #"{"kty":"oct","k":"AAAA"}"#, #"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#, #"{"kty":"EC","crv":"P-384"}"#,
        #"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#, #"{"kty":"OKP","crv":"X25519","x":"AA"}"#, "7", "{}",
    ])
    func `keys that cannot be used are left out`(json: String) throws {
        let usable = SigningKey("ES256", id: nil)
        #expect(try Self.keys(#"{"keys":[\#(json),\#(usable.json)]}"#).count == 1)
    }

    @Test(arguments: [
        (#""use":"sig""#, #""use":"enc""#), (#""alg":"RS256""#, #""alg":"PS256""#),
        (#""use":"sig""#, #""key_ops":["encrypt"]"#), (#""e":"AQAB""#, #""e":"AQ""#),
    ])
    func `a key for something else is left out`(member: String, other: String) throws {
        let json = SigningKey("RS256", id: nil).json
        #expect(json.contains(member))
        #expect(try Self.keys(#"{"keys":[\#(json)]}"#).count == 1)
        #expect(try Self.keys(#"{"keys":[\#(json.replacing(member, with: other))]}"#).isEmpty)
    }

    @Test func `a point that is not on the curve accepts nothing`() throws {
        let token = try JSONWebToken(SigningKey("ES256", id: nil).token("{}")[...])
        let zero = String(repeating: "A", count: 43)
        let keys = try Self.keys(#"{"keys":[{"kty":"EC","crv":"P-256","x":"\#(zero)","y":"\#(zero)"}]}"#)
        let key = try #require(keys.first)
        #expect(throws: Crypto.Failure.self) { try key.accepts(token.signature, of: token.signed) }
    }

    @Test func `a set of too many keys, and what is no set, are not read`() throws {
        let json = SigningKey("ES256", id: nil).json
        let many = [String](repeating: json, count: VerificationKey.countMax + 1).joined(separator: ",")
        for text in [#"{"keys":[\#(many)]}"#, #"{"keys":{}}"#, "{}"] {
            let document = try #require(JSONObject(Array(text.utf8)))
            #expect(VerificationKey.keys(of: document) == nil)
        }
        #expect(JSONObject(Array("[]".utf8)) == nil)
    }
}
