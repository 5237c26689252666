import F2SModel
import Testing

@testable import F2SAccess

@Suite struct PasswordHashTests {
    /// The hash of "correct horse", made by another implementation (Python's hashlib).
    private static let foreign =
        "$scrypt$ln=10,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$6g3umF+uVrJsObaTZhIbbTlgrvOEFcCItdwSjtPF67M"

    @Test func `a key is derived as RFC 7914 section 12 shows`() throws {
        let key = try Crypto.scrypt(
            Array("password".utf8), salt: Array("NaCl".utf8),
            PasswordHash.Costs(logarithm: 10, blocks: 8, lanes: 16), length: 64)
        let wanted = "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
        #expect(key.prefix(32).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == wanted)
    }

    @Test func `the hash of another program is understood`() throws {
        let hash = try #require(PasswordHash(Self.foreign))
        #expect(hash.description == Self.foreign)
        #expect(try hash.matches(Array("correct horse".utf8)))
        #expect(try !hash.matches(Array("correct horsf".utf8)))
        #expect(try !hash.matches([]))
    }

    @Test func `a new hash has a salt of its own and matches only its password`() throws {
        let (one, other) = (try PasswordHash(of: "secret"), try PasswordHash(of: "secret"))
        #expect(one != other)
        #expect(one.costs == .recommended)
        let read = try #require(PasswordHash(one.description))
        #expect(read == one)
        #expect(try read.matches(Array("secret".utf8)))
        #expect(try !read.matches(Array("Secret".utf8)))
    }

    @Test(arguments: [
        "", "secret", "$scrypt$", "$scrypt$ln=10,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg",
        "$scrypt$ln=10,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$short",
        "$scrypt$ln=10,r=8$MDEyMzQ1Njc4OWFiY2RlZg$6g3umF+uVrJsObaTZhIbbTlgrvOEFcCItdwSjtPF67M",
        "$scrypt$ln=16,r=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$6g3umF+uVrJsObaTZhIbbTlgrvOEFcCItdwSjtPF67M",
        "$scrypt$ln=40,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$6g3umF+uVrJsObaTZhIbbTlgrvOEFcCItdwSjtPF67M",
        "$scrypt$ln=10,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg==$6g3umF+uVrJsObaTZhIbbTlgrvOEFcCItdwSjtPF67M=",
        "$scrypt$ln=10,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$6g3umF-uVrJsObaTZhIbbTlgrvOEFcCItdwSjtPF67M",
    ])
    func `what is not a hash, or would take too long to check, is not read as one`(text: String) {
        #expect(PasswordHash(text) == nil)
    }
}
