import F2SModel
import Testing

@Suite struct TextTests {
    private static let always = Duration.zero...Duration.seconds(1_000_000)

    @Test(
        arguments: [
            ("30s", 30_000), ("500ms", 500), ("1m30s", 90_000), ("1.5h", 5_400_000), ("0s", 0), ("0.5s", 500),
            ("1h1m1s1ms", 3_661_001),
            ("1.0004s", 1000),
        ] as [(String, Int)])
    func `a valid duration is parsed`(text: String, milliseconds: Int) throws {
        #expect(try Duration(text: text, allowed: Self.always, field: "f") == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        "", "30", "s", "30 s", "-1s", "+1s", "1d", "1S", "1..5s", "1s2", "٣s", "1e3s", "infs", "nans", "1µs", ".s",
        "99999999999999999999h",
    ])
    func `a text that is not a duration is rejected`(text: String) {
        let error = #expect(throws: FieldError.self) {
            try Duration(text: text, allowed: Self.always, field: "target.timeout")
        }
        #expect(error?.field == "target.timeout")
        #expect(error?.requirement == "be a duration such as 500ms, 30s or 1m30s")
    }

    @Test func `the bounds of a duration are included, and errors name them`() throws {
        let allowed = Duration.seconds(1)...Duration.seconds(90)
        #expect(try Duration(text: "1s", allowed: allowed, field: "f") == .seconds(1))
        #expect(try Duration(text: "90s", allowed: allowed, field: "f") == .seconds(90))
        for text in ["999ms", "90001ms"] {
            let error = #expect(throws: FieldError.self) {
                try Duration(text: text, allowed: allowed, field: "f")
            }
            #expect(error?.requirement == "be between 1s and 1m30s")
        }
    }

    @Test(arguments: [0, 1, 999, 1000, 60_000, 61_001, 3_600_000, 90_061_001])
    func `a formatted duration is parsed to the same duration`(milliseconds: Int) throws {
        let duration = Duration.milliseconds(milliseconds)
        #expect(try Duration(text: duration.shortText, allowed: Self.always, field: "f") == duration)
        #expect(duration.wholeMilliseconds == milliseconds)
    }

    @Test func `seconds keep their fraction, milliseconds are truncated`() {
        #expect(Duration.microseconds(1_500_999).inSeconds == 1.500999)
        #expect(Duration.microseconds(1_999).wholeMilliseconds == 1)
        #expect((Duration.zero - .milliseconds(1500)).shortText == "-1s500ms")
    }

    @Test(
        arguments: [
            ("500m", 500), ("0.5", 500), ("1", 1000), ("2k", 2_000_000), ("128Mi", 134_217_728_000),
            ("1G", 1_000_000_000_000),
            ("1Ki", 1_024_000), ("1.5Gi", 1_610_612_736_000), ("1e3", 1_000_000), ("1E3", 1_000_000),
            ("1.5e-1", 150), ("2E+2", 200_000), ("1Ei", 1_152_921_504_606_846_976_000),
            ("1024Pi", 1_152_921_504_606_846_976_000),
            ("1E", 1_000_000_000_000_000_000_000), ("1P", 1_000_000_000_000_000_000), ("0.0001", 0), ("1.", 1000),
        ] as [(String, Int128)])
    func `a valid quantity is parsed and keeps its text`(text: String, thousandths: Int128) throws {
        let quantity = try Quantity(text, field: "f")
        #expect(quantity.thousandths == thousandths)
        #expect(quantity.text == text)
    }

    @Test(arguments: [
        "", "m", "0", "-1", "1.2.3", "1 Gi", "1gi", "1KB", "1e", "1e+", "e3", "1e--3", "1e99", "8Ei", "lots",
        "99999999999999999999", "٣", ".", "1e3m",
    ])
    func `a text that is not a quantity is rejected`(text: String) {
        let error = #expect(throws: FieldError.self) { try Quantity(text, field: "target.resources.cpu") }
        #expect(error?.field == "target.resources.cpu")
    }

    @Test(arguments: [
        ("", #""""#), ("a", #""a""#), ("\"\\/", #""\"\\/""#), ("\n\r\t", #""\n\r\t""#),
        ("\0\u{1F}\u{7F}", #""\u0000\u001f\u007f""#),
        ("ü😀\u{2028}", "\"ü😀\u{2028}\""),
    ])
    func `a text is written as JSON`(text: String, json: String) {
        #expect(text.jsonText == json)
    }
}

@Suite struct HumanDurationTests {
    @Test(arguments: [
        (0, "0 s"), (7, "7 ms"), (999, "999 ms"), (1000, "1 s"), (40_500, "40.5 s"), (40_449, "40.4 s"),
        (59_960, "60 s"),
        (90_000, "90 s"), (120_000, "2 min"), (121_000, "2 min 1 s"), (5_400_000, "1 h 30 min"), (3_601_000, "1 h 1 s"),
        (86_400_000, "24 h"), (-40_500, "-40.5 s"), (86_399_600, "24 h"),
    ])
    func `a duration is formatted for people`(milliseconds: Int, text: String) {
        #expect(Duration.milliseconds(milliseconds).humanText == text)
    }
}

@Suite struct PrintableTextTests {
    @Test(arguments: [
        ("plain ü 漢", "plain ü 漢"), ("a\u{0}b", "a\\u{0}b"), ("\u{1b}[31m", "\\u{1b}[31m"),
        ("a\r\nb", "a\\u{d}\\u{a}b"),
        ("\u{202e}abc", "\\u{202e}abc"),
    ])
    func `characters that control a terminal are escaped`(text: String, printable: String) {
        #expect(text.printable == printable)
        #expect(Rejection(location: "a.yaml", message: text).message == printable)
        #expect(FieldError(field: "spec.endpoint", value: text, requirement: "be a path").value == printable)
    }
}

@Suite struct SentencesTests {
    @Test(arguments: [("a", "a."), ("a.", "a."), ("did you mean a?", "did you mean a?"), ("a!", "a!"), ("", ".")])
    func `a sentence ends with exactly one punctuation mark`(text: String, sentence: String) {
        #expect(text.sentence == sentence)
    }

    @Test(
        arguments: [
            ([], ""), (["a."], "a."), (["a.", "b."], "a; b."), (["a", "b?", "c"], "a; b?; c"), (["", "."], "; ."),
        ] as [([String], String)])
    func `clauses are joined without a full stop before the semicolon`(texts: [String], line: String) {
        #expect(texts.joinedClauses == line)
    }
}

@Suite struct TimeTextTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (1_709_208_000.5, "2024-02-29T12:00:00.500Z"),
        (-0.001, "1969-12-31T23:59:59.999Z"),
        (951_782_400, "2000-02-29T00:00:00.000Z"), (1.9996, "1970-01-01T00:00:02.000Z"),
    ])
    func `a time is formatted in RFC 3339 and parsed back`(seconds: Double, text: String) throws {
        #expect(TimeText.utc(secondsSince1970: seconds) == text)
        let back = try #require(TimeText.secondsSince1970(text))
        #expect(abs(back - seconds) <= 0.0005)
    }

    @Test(
        arguments: [
            ("2024-02-29T12:00:00Z", 1_709_208_000), ("2024-02-29T13:30:00+01:30", 1_709_208_000),
            ("2024-02-29t06:00:00.25-06:00", 1_709_208_000.25), ("1969-12-31T23:59:59Z", -1),
        ] as [(String, Double)])
    func `other forms of RFC 3339 are parsed`(text: String, seconds: Double) {
        #expect(TimeText.secondsSince1970(text) == seconds)
    }

    @Test(arguments: [
        "", "yesterday", "2024-02-29", "2024-13-01T00:00:00Z", "2024-01-01T00:00:00", "2024-01-01T24:00:00Z",
        "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00+1:00", "2024-01-01T00:00:00Zjunk",
    ])
    func `a text that is not a time is rejected`(text: String) {
        #expect(TimeText.secondsSince1970(text) == nil)
    }
}
