import F2SModel
import Testing

@testable import F2SAccess

@Suite struct SignedTokenTests {
    private static let key = Secret("0123456789abcdef0123456789abcdef")
    /// `{"sub":"ann","group":"admins","exp":2000000000}`, signed by another implementation (Python's hmac).
    private static let foreign =
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbm4iLCJncm91cCI6ImFkbWlucyIsImV4cCI6MjAwMDAwMDAwMH0"
        + ".dF3AlvsdBoLyrmaBTnLUykEzYymsZDS9d-eRvuYNOkg"
    private static let now = 1_900_000_000.0

    private func read(
        _ token: String, key: Secret = key, requiresExpiry: Bool = false, now: Double = now
    ) throws(CredentialError) -> SignedToken {
        try SignedToken(try JSONWebToken(token[...]), key: key, requiresExpiry: requiresExpiry, now: now)
    }

    @Test func `a code is computed as RFC 4231 section 4.3 shows`() throws {
        let code = try Crypto.authenticationCode(
            of: Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8))
        #expect(
            code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    }

    @Test func `the token of another program is accepted`() throws {
        let token = try read(Self.foreign)
        #expect(token.subject == "ann")
        #expect(token.groups == ["admins"])
        #expect(token.expiry == 2_000_000_000)
    }

    @Test func `a changed token, or one with another key, is rejected`() throws {
        #expect(throws: CredentialError.wrongSignature) { try read(Self.foreign, key: Secret("another")) }
        let parts = Self.foreign.split(separator: ".")
        let claims = TokenMaker.encode(#"{"sub":"ann","group":"root","exp":2000000000}"#)
        #expect(throws: CredentialError.wrongSignature) { try read("\(parts[0]).\(claims).\(parts[2])") }
        for index in [0, 5, 42] {
            var signature = Array(parts[2])
            signature[index] = signature[index] == "A" ? "B" : "A"
            #expect(throws: CredentialError.wrongSignature) {
                try read("\(parts[0]).\(parts[1]).\(String(signature))")
            }
        }
    }

    @Test(arguments: [
        (#"{"alg":"none"}"#, CredentialError.wrongAlgorithm), (#"{"alg":"None"}"#, .wrongAlgorithm),
        (#"{"alg":"HS512"}"#, .wrongAlgorithm), (#"{"alg":"RS256"}"#, .wrongAlgorithm),
        (#"{"alg":"HS256","crit":["exp"]}"#, .wrongAlgorithm), (#"{"typ":"JWT"}"#, .malformed), ("[]", .malformed),
        (#"{"alg":"HS256""#, .malformed),
    ])
    func `the token does not choose how it is verified`(header: String, error: CredentialError) {
        let token = TokenMaker.token(#"{"sub":"ann"}"#, key: Self.key, header: header)
        #expect(throws: error) { try read(token) }
        let unsigned = token.prefix { _ in true }.split(separator: ".").dropLast().joined(separator: ".") + "."
        #expect(throws: error) { try read(unsigned) }
    }

    @Test(arguments: [
        (#"{"sub":"ann","exp":1899999969}"#, CredentialError.expired), (#"{"sub":"ann","exp":0}"#, .expired),
        (#"{"sub":"ann","nbf":1900000031}"#, .notYetValid), (#"{"group":"admins"}"#, .withoutSubject),
        (#"{"sub":""}"#, .withoutSubject), (#"{"sub":7}"#, .malformed), (#"{"sub":"ann","exp":"later"}"#, .malformed),
        (#"{"sub":"ann","group":7}"#, .malformed), ("[]", .malformed),
    ])
    func `claims that do not hold are named`(claims: String, error: CredentialError) {
        #expect(throws: error) { try read(TokenMaker.token(claims, key: Self.key)) }
    }

    @Test(arguments: [
        #"{"sub":"ann","exp":1899999971}"#, #"{"sub":"ann","nbf":1900000030}"#, #"{"sub":"ann","iat":1,"x":[1]}"#,
    ])
    func `clocks may differ by half a minute, and unknown claims are ignored`(claims: String) throws {
        #expect(try read(TokenMaker.token(claims, key: Self.key)).subject == "ann")
    }

    @Test func `a token without expiry is rejected only if the settings demand one`() throws {
        let token = TokenMaker.token(#"{"sub":"ann","group":["a","b"]}"#, key: Self.key)
        #expect(try read(token).groups == ["a", "b"])
        #expect(try read(token).expiry == nil)
        #expect(throws: CredentialError.withoutExpiry) { try read(token, requiresExpiry: true) }
    }

    @Test(arguments: [
        "", ".", "..", "a.b", "a.b.c.d", "a.b.c", "ä.b.c", "e30.e30.e30=", String(repeating: "a", count: 20_000),
    ])
    func `what is no token is malformed`(text: String) {
        #expect(throws: CredentialError.malformed) { try read(text) }
    }
}

/// Signs tokens.
enum TokenMaker {
    static func encode(_ text: String) -> String {
        CredentialText.encode(Array(text.utf8)).replacing("+", with: "-").replacing("/", with: "_")
    }

    static func token(_ claims: String, key: Secret, header: String = #"{"alg":"HS256","typ":"JWT"}"#) -> String {
        let signed = "\(encode(header)).\(encode(claims))"
        let code = (try? Crypto.authenticationCode(of: Array(signed.utf8), key: Array(key.revealed.utf8))) ?? []
        return "\(signed).\(CredentialText.encode(code).replacing("+", with: "-").replacing("/", with: "_"))"
    }
}
