import FoundationEssentials
import Testing

@testable import F2SKubernetes

@Suite struct JSONValueTests {
    private func value(_ text: String) throws -> JSONValue { try JSONValue(decoding: Array(text.utf8)) }

    @Test(arguments: [
        "null", "true", "false", "0", "-1", "9223372036854775807", "1.5", #""""#, #""a\"b\\c\u0007""#, "[]", "{}",
        #"[1,[2,{"a":null}],"ü"]"#, #"{"a":{"b":[true,false]},"c":"d"}"#,
    ])
    func `a value that was parsed is written as the same text`(_ text: String) throws {
        #expect(String(decoding: try value(text).encoded(), as: UTF8.self) == text)
    }

    @Test(arguments: [
        "", " ", "nul", "01", "1.", "-", "1e", "+1", "'a'", "\"a", "\"\u{1}\"", #""\x""#, #""\u12""#, "[1", "[1,]",
        "[,]",
        "{", #"{"a"}"#, #"{"a":1,}"#, "{a:1}", "1 2", "[] x", "1e999", #""\ud800\u0041""#,
    ])
    func `text that is not JSON is rejected`(_ text: String) {
        #expect(throws: (any Error).self) { try value(text) }
    }

    @Test func `integers and other numbers keep their kind`() throws {
        #expect(try value("1") == .integer(1) && value("1.0") == .number(1) && value("1e2") == .number(100))
        #expect(try value("9223372036854775808") == .number(9.223372036854775808e18))
        #expect(try value("2.0").integerValue == 2 && value("2.5").integerValue == nil)
    }

    @Test func `escapes become characters, and a lone surrogate becomes the replacement character`() throws {
        #expect(try value(#""\u00e9\n\ud83d\ude00\/""#) == "é\n😀/")
        #expect(try value(#""\ud83d""#) == "\u{FFFD}")
    }

    @Test func `a text that is nested too deeply is rejected without a crash`() {
        for open in ["[", #"{"a":"#] {
            #expect(throws: (any Error).self) { try value(String(repeating: open, count: 100_000)) }
        }
    }

    @Test func `a part can be found, changed and removed`() throws {
        var tree: JSONValue = ["a": ["b": [1, 2]], "c": "d"]
        #expect(tree["a"]?["b"]?[1] == 2 && tree["a"]?["b"]?[2] == nil && tree["x"]?["y"] == nil)
        #expect(tree[path: "a", "b"]?.elements?.count == 2)
        tree["a"]?["b"] = true
        tree["c"] = nil
        #expect(tree == ["a": ["b": true]])
    }

    @Test func `a part of a tree is kept as it is, and another decoder is rejected`() throws {
        let tree: JSONValue = ["a": [nil, true, 1, 1.5, "x", [:], []]]
        #expect(try value(String(decoding: tree.encoded(), as: UTF8.self)) == tree)
        #expect(try tree.decoded(as: [String: JSONValue].self)["a"] == tree["a"])
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(JSONValue.self, from: Data("1".utf8)) }
    }

    /// A type with a member of each kind that the decoder supports.
    private struct Everything: Codable, Equatable {
        enum Kind: String, Codable { case small, large }
        struct Part: Codable, Equatable {
            var name: String?
            var counts: [String: Int]
        }
        var kind: Kind
        var flag: Bool
        var text: String
        var whole: UInt8
        var number: Double
        var absent: Int?
        var parts: [Part?]
        var numbers: [[Int]]
    }

    @Test func `a type is decoded as Foundation decodes it`() throws {
        let whole = Everything(
            kind: .large, flag: true, text: "é", whole: 255, number: 1.5, absent: nil,
            parts: [Everything.Part(name: "a", counts: ["x": 1]), nil], numbers: [[1, 2], []])
        let bytes = Array(try JSONEncoder().encode(whole))
        #expect(try ResponseDecoder.decode(bytes, as: Everything.self) == whole)
        #expect(try JSONValue(decoding: bytes).decoded(as: Everything.self) == whole)
    }

    @Test(arguments: [
        ("{}", "kind is missing"), (#"{"kind":"tiny"}"#, "at kind"), (#"{"kind":1}"#, "no String at kind"),
        (#"{"kind":"small","flag":"x"}"#, "no Bool at flag"), ("[]", "no Dictionary<String, JSONValue>"),
        (#"{"kind":"small","flag":true,"text":"","whole":256}"#, "no UInt8 at whole"),
        (#"{"kind":"small","flag":true,"text":null}"#, "no String at text"),
        (
            #"{"kind":"small","flag":true,"text":"","whole":1,"number":1,"parts":[null,{"counts":{"a":"b"}}]}"#,
            "no Int at parts.[1].counts.a"
        ),
    ])
    func `a decoding error names the problem and its location`(_ text: String, expected: String) throws {
        let error = #expect(throws: DecodingError.self) {
            try ResponseDecoder.decode(Array(text.utf8), as: Everything.self)
        }
        #expect(
            error.map(ResponseDecoder.describe)?.contains(expected) == true,
            "\(error.map(ResponseDecoder.describe) ?? "")")
    }

    @Test(arguments: [
        #"{"a":1,"m":{"x":[{"y":"}\"]"}]},"b":{"m":[1,[2]],"c":2}}"#, #"{"m":"x","a":1,"b":{"c":2,"m":3}}"#,
    ])
    func `ignored members are left out at every depth`(_ text: String) throws {
        #expect(try JSONParser.value(of: Array(text.utf8), ignoring: "m") == ["a": 1, "b": ["c": 2]])
    }

    @Test(arguments: [#"{"m":{"#, #"{"m":{"a":"b}"#, #"{"m":[1,"#, #"{"m":{}"#, #"{"m":"#, #"{"m":{"\"#])
    func `an ignored member without an end is rejected`(_ text: String) {
        #expect(throws: JSONParser.Failure.self) { try JSONParser.value(of: Array(text.utf8), ignoring: "m") }
    }

    @Test func `a query value is percent-encoded`() {
        #expect("a=b,c in (d)/é".percentEncoded == "a%3Db%2Cc%20in%20%28d%29%2F%C3%A9")
    }

    @Test func `an error contains the status of the server or the first line of a proxy`() {
        let body = #"{"kind":"Status","reason":"Conflict","message":"no","details":{"retryAfterSeconds":2}}"#
        let error = ResponseDecoder.error(code: 409, retryAfter: nil, body: Data(body.utf8))
        #expect(error == .status(code: 409, reason: "Conflict", message: "no", retryAfter: .seconds(2)))
        let proxy = ResponseDecoder.error(code: 502, retryAfter: "7", body: Data("bad gateway\nmore".utf8))
        #expect(proxy == .status(code: 502, reason: "", message: "bad gateway", retryAfter: .seconds(7)))
    }
}
