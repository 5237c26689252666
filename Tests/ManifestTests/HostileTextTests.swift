import F2SManifest
import F2SModel
import Testing

@Suite struct HostileTextTests {
    /// Expects that a text is rejected with a single message that contains `part`, in bearable time, and yields no
    /// documents.
    private func expectRejection(
        _ bytes: [UInt8], saying part: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let time = ContinuousClock().measure {
            let contents = ManifestReader().read(bytes, location: "f.yaml")
            #expect(contents.documents.isEmpty, sourceLocation: sourceLocation)
            #expect(contents.rejections.count == 1, sourceLocation: sourceLocation)
            let messages = contents.rejections.map(\.description).joined()
            #expect(messages.contains(part), "\(messages.prefix(300))", sourceLocation: sourceLocation)
        }
        // The bound allows for a busy machine and no optimisation. The attacks that the test must detect take minutes.
        #expect(time < .seconds(30), sourceLocation: sourceLocation)
    }

    private func laughs(levels: Int, last: String) -> String {
        let start = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        let rest = (1..<levels).map { level in
            "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ",") + "]\n"
        }
        return start + rest.joined() + last
    }

    @Test(arguments: ["", "? *a8\n: x\n", "? [*a8, *a8]\n: x\n", "z: {*a8 : x}"])
    func `a billion laughs are rejected before they are expanded`(last: String) {
        expectRejection(Array(laughs(levels: 9, last: last).utf8), saying: "f.yaml:1:5: Anchors (&name) and aliases")
    }

    @Test(arguments: [
        ("a: &x 1\nb: *x", "1:4"), ("a: &x 1", "1:4"), ("b: *x\na: &x 1", "1:4"), ("{\"b\":*x,\"a\":&x 1}", "1:6"),
        ("<<: *x", "1:5"), ("&x a: *x", "1:1"), ("--- &x\na: 1\nb: *x", "1:5"), ("# a\n\n- *x", "3:3"),
        ("*x : 1", "1:1"),
        ("- [a, *x]", "1:7"), ("a:\u{85}  *x", "2:3"), ("? *x\n: *x", "1:3"), ("- \"*y\"\n- *x", "2:3"),
    ])
    func `anchors and aliases are rejected with their position`(text: String, location: String) {
        expectRejection(Array(text.utf8), saying: "f.yaml:\(location): Anchors (&name) and aliases (*name)")
    }

    @Test func `an alias without an anchor is rejected like any other`() {
        expectRejection(Array("a: *x".utf8), saying: "f.yaml:1:4: Anchors (&name) and aliases (*name)")
    }

    @Test(arguments: ["[", "{a: ", "- ", "? ", "[{", "- - ? ", "a: {"])
    func `values that are nested too deep are rejected`(opening: String) {
        let count = (1 << 20) / opening.utf8.count
        expectRejection(Array(String(repeating: opening, count: count).utf8), saying: "f.yaml:1:")
    }

    @Test func `33 nested lists are accepted, 34 are too deep`() {
        let limits = ManifestLimits()
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(
            reading(nested(limits.depthMax + 1)).rejections.map(\.message) == [
                "The document is a list: it must be a map of fields."
            ])
        #expect(
            reading(nested(limits.depthMax + 2)).rejections.map(\.message)
                == ["Values are nested over 32 levels deep, which is the limit."])
    }

    @Test(arguments: ["[", "{a: ", "[? ", "- ", "? ", "[{", "- - ? ", "? - ", "{? "])
    func `a text with a thousand levels does not overflow the stack`(opening: String) {
        for count in [330, 499, 990] {
            expectRejection(Array(String(repeating: opening, count: count).utf8), saying: "f.yaml:")
            expectRejection(Array((String(repeating: opening, count: count) + "a").utf8), saying: "f.yaml:")
        }
    }

    /// libyaml reports the error with the event after the value.
    @Test(arguments: [
        "{\"a\": 1}\n{\"b\": 2}\n", "  kind: Function\n  metadata: {name: a}\nextra: 1\n", "{\n  \"a\": 1\n}\n@\n",
        "[1, 2]\nrest: 3\n",
    ])
    func `text after the value is rejected`(text: String) {
        expectRejection(Array(text.utf8), saying: "The text is not valid YAML")
    }

    @Test(arguments: ["a,", "[],", "?,", "a: b,", "!a b,", "a\n", "- ", "\"a\","])
    func `too many values are rejected before they are parsed`(value: String) {
        let deep = String(repeating: "[", count: 900)
        expectRejection(
            Array((deep + String(repeating: value, count: 200_001)).utf8), saying: "The text has over 200000 values")
    }

    @Test func `too many documents are rejected`() {
        expectRejection(
            Array(String(repeating: "--- a\n", count: 5001).utf8), saying: "5001:1: The text has 5001 documents")
    }

    @Test func `a text of 10 MB is rejected before it is parsed`() {
        let bytes = [UInt8](repeating: UInt8(ascii: "["), count: 10_000_000)
        expectRejection(bytes, saying: "f.yaml: The text has 10000000 bytes: at most 1048576 are read.")
    }

    @Test(
        arguments: [
            (Array("a: b\nc: ".utf8) + [0xFF, 0xFE], "f.yaml:2:4: The text is not UTF-8"),
            (Array("a: ".utf8) + [0xC3], "f.yaml:1:4: The text is not UTF-8"),
            (Array("ü: ".utf8) + [0xED, 0xA0, 0x80], "f.yaml:1:4: The text is not UTF-8"),
            (Array("a: b\0c".utf8), "f.yaml:1:5: The text contains the control byte 0"),
            ([0xFF, 0xFE, 0x61, 0x00], "f.yaml:1:4: The text contains the control byte 0"),
            ([0x1F, 0x8B, 0x08], "f.yaml:1:1: The text contains the control byte 31"),
            (Array("a: \u{1B}[31m".utf8), "f.yaml:1:4: The text contains the control byte 27"),
        ] as [([UInt8], String)])
    func `bytes that are not a text are rejected`(bytes: [UInt8], part: String) {
        expectRejection(bytes, saying: part)
    }

    @Test func `the number of errors is limited`() {
        let text =
            "kind: Function\napiVersion: f2s.opensight.ch/v1alpha1\n"
            + (0..<1000).map { "x\($0): 1\n" }.joined()
        let rejections = reading(text).rejections
        #expect(rejections.count == 101)
        #expect(rejections.last?.message == "There are 903 more errors.")
    }

    @Test func `random texts cause no crash and yield no documents`() {
        var random = SplitMix64(seed: 7)
        let pieces = [
            "&a ", "*a", "&b", " *b", "[", "]", "{", "}", ",", ":", ": ", "?", "? ", "- ", "-", "\n", "\n  ", "\"", "'",
            "|\n",
            ">", "#", " #", "!", "!!str ", "%", "---\n", "...\n", "a", "b", "\\ud83d", "~", "\u{85}", "\u{2028}", "ü",
            "\t",
        ]
        for _ in 0..<4000 {
            let text = (0..<Int.random(in: 1...14, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }.joined()
            #expect(reading(text).documents.isEmpty)
        }
    }
}
