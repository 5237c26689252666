import F2SModel
import FoundationEssentials
import Testing

@Suite struct APITokenSetTests {
    private static let secret = [UInt8](repeating: 0xAB, count: APIToken.secretBytes)

    private static func token(
        _ id: String = "0123456789ab", name: String = "ci", groups: [String] = ["team"], digest: Int = 32,
        created: Int64 = 1000, expires: Int64? = nil
    ) throws -> APIToken {
        try APIToken(
            id: id, name: name, groups: groups, digest: [UInt8](repeating: 7, count: digest), created: created,
            expires: expires)
    }

    @Test func `the text of a token contains its ID, and other texts contain none`() {
        let text = APIToken.text(id: "0123456789ab", secret: Self.secret)
        #expect(text == "f2s_0123456789ab_" + String(repeating: "ab", count: 32))
        #expect(APIToken.id(in: text[...]) == "0123456789ab")
        for other in [
            "", "f2s_", String(text.dropLast()), text + "a", text + "_", text.uppercased(), "x" + text,
            text.replacing("_", with: "-"), text.replacing("f2s_", with: "f2s__"), text.replacing("9ab_", with: "9xy_"),
        ] {
            #expect(APIToken.id(in: other[...]) == nil, "\(other)")
        }
    }

    @Test(arguments: [
        ("", 1, "id"), ("0123456789AB", 1, "id"), ("0123456789a", 1, "id"), ("0123456789abcd", 1, "id"),
        ("0123456789ab", 0, "groups"), ("0123456789ab", 21, "groups"),
    ])
    func `a token whose ID or number of groups is out of bounds is rejected`(id: String, groups: Int, field: String) {
        let error = #expect(throws: FieldError.self) {
            try Self.token(id, groups: (0..<groups).map { "group-\($0)" })
        }
        #expect(error?.field == field)
    }

    @Test(arguments: ["", " ", "a b", "a\tb", "a\u{1B}", "a\u{202E}", String(repeating: "n", count: 101)])
    func `a name that is not visible, or too long, is rejected`(name: String) {
        let error = #expect(throws: FieldError.self) { try Self.token(name: name) }
        #expect(error?.field == "name")
    }

    @Test func `values at their bounds are accepted, and others rejected`() throws {
        #expect(try Self.token(name: String(repeating: "ü", count: 100)).name.count == 100)
        #expect(try Self.token(groups: (0..<20).map { "\($0)" }).groups.count == 20)
        #expect(throws: FieldError.self) { try Self.token(groups: [""]) }
        #expect(throws: FieldError.self) { try Self.token(groups: [String(repeating: "g", count: 254)]) }
        #expect(throws: FieldError.self) { try Self.token(digest: 31) }
    }

    @Test(arguments: [nil, 2_000_000_000] as [Int64?])
    func `a stored token is read as it was written`(expires: Int64?) throws {
        let token = try Self.token(created: 1_900_000_000, expires: expires)
        let data = try JSONEncoder().encode(token)
        #expect(try JSONDecoder().decode(APIToken.self, from: data) == token)
        let text = String(decoding: data, as: UTF8.self)
        #expect(text.contains("\"sha256\":\"0707") && text.contains("2030-03-17T17:46:40Z"), "\(text)")
        for (part, other) in [("\"ci\"", "\"\""), ("0123456789ab", "x"), ("2030-", "later-"), ("0707", "07")] {
            let broken = Data(text.replacing(part, with: other).utf8)
            #expect(throws: DecodingError.self) { try JSONDecoder().decode(APIToken.self, from: broken) }
        }
    }

    @Test func `names and IDs are unique`() throws {
        var set = APITokenSet()
        try set.add(Self.token("000000000001", name: "a"))
        try set.add(Self.token("000000000002", name: "b"))
        #expect(throws: APITokenStoreError.nameInUse("a")) { try set.add(Self.token("000000000003", name: "a")) }
        #expect(throws: APITokenStoreError.nameInUse("c")) { try set.add(Self.token("000000000001", name: "c")) }
        #expect(set.sorted.map(\.name) == ["a", "b"])
        try set.remove(id: "000000000001")
        #expect(throws: APITokenStoreError.notFound(id: "000000000001")) { try set.remove(id: "000000000001") }
        try set.add(Self.token("000000000003", name: "a"))
        #expect(set.ids == ["000000000002", "000000000003"])
        #expect(set.without(["000000000002", "unknown"]).ids == ["000000000003"])
    }

    @Test func `the number of tokens is bounded, and expired ones make way`() throws {
        var set = APITokenSet(
            try (0..<APITokenSet.countMax).map { index in
                try Self.token("\(100_000_000_000 + index)", name: "token-\(index)", expires: index == 0 ? 2000 : nil)
            })
        #expect(set.ids.count == APITokenSet.countMax)
        #expect(throws: APITokenStoreError.full) { try set.add(Self.token(name: "new", created: 1999)) }
        try set.add(Self.token(name: "token-0", created: 2000))
        #expect(set["100000000000"] == nil && set["0123456789ab"]?.name == "token-0")
    }

    @Test(arguments: [
        (APITokenStoreError.notConfigured("Set it."), 409), (.nameInUse("a"), 409), (.full, 409),
        (.notFound(id: "a"), 404), (.unavailable("It is down"), 503),
    ])
    func `each error has a status and advice`(error: APITokenStoreError, status: Int) {
        #expect(error.problem.status == status && error.problem.detail.hasSuffix("."))
    }
}
