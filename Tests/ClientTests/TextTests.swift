import F2SModel
import FoundationEssentials
import Testing

@testable import F2SClient

struct TextTableTests {
    @Test func `columns are as wide as their widest cell and the last is not padded`() {
        var table = TextTable(["NAME", "N"])
        table.add(["a", "1"])
        table.add(["longer", "22"])
        #expect(table.text() == "NAME    N\na       1\nlonger  22\n")
    }

    @Test func `missing and empty cells are dashes and surplus cells are dropped`() {
        var table = TextTable(["A", "B"])
        #expect(table.isEmpty)
        table.add([""])
        table.add(["1", "2", "3"])
        #expect(table.text() == "A  B\n-  -\n1  2\n")
    }

    @Test func `a cell can neither break its line nor control the terminal`() {
        var table = TextTable(["A"])
        table.add(["x\ny\u{1B}[2J\r\n\u{9B}z\u{202E}"])
        #expect(table.text() == "A\nx y\\u{1b}[2J \\u{9b}z\\u{202e}\n")
    }

    @Test func `a table is cut to the width of a terminal, the last column first`() {
        var table = TextTable(["NAME", "REASON", "MESSAGE"])
        table.add(["hello", "StartFailed", "It ended with exit status 3 before it listened on its port."])
        let narrow = TextLayout(width: 40, isColoured: false)
        #expect(table.text(narrow) == "NAME   REASON       MESSAGE\nhello  StartFailed  It ended with exit …\n")
        for width in 1...100 {
            let lines = table.text(TextLayout(width: width, isColoured: false)).split(separator: "\n")
            if width >= 34 { #expect(lines.allSatisfy { $0.count <= width }, "\(width): \(lines)") }
        }
        #expect(table.text(narrow, cutsLast: false).contains("on its port."))
        #expect(table.text().contains("on its port."))
    }

    @Test func `colours apply to the text and not to the padding`() {
        var table = TextTable(["A", "B"])
        table.add(cells: [.init("x", .bad), .init("long", .good)])
        let text = table.text(TextLayout(width: 80, isColoured: true))
        #expect(text == "\u{1B}[1mA\u{1B}[0m  \u{1B}[1mB\u{1B}[0m\n\u{1B}[31mx\u{1B}[0m  \u{1B}[32mlong\u{1B}[0m\n")
    }

    @Test func `the width of a text is measured in terminal columns`() {
        var table = TextTable(["A", "B"])
        table.add(["é", "1"])
        table.add(["👨‍👩‍👧", "2"])
        table.add(["日本", "3"])
        #expect(table.text() == "A     B\né     1\n👨‍👩‍👧    2\n日本  3\n")
    }
}

struct AgeTextTests {
    @Test(
        arguments: [
            (-5, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (3599, "59m"), (3600, "1h"), (4000, "1h6m"),
            (86_400, "1d"),
            (90_000, "1d1h"), (864_000, "10d"), (.nan, "0s"), (.infinity, "0s"),
        ] as [(Double, String)])
    func `ages are short`(seconds: Double, text: String) { #expect(AgeText.text(seconds: seconds) == text) }

    @Test(arguments: [("1970-01-01T00:01:00Z", "60s"), ("yesterday", ""), (nil, "")] as [(String?, String)])
    func `the age of a moment is relative to now`(moment: String?, text: String) {
        #expect(AgeText.text(since: moment, now: 120) == text)
    }
}

struct ServerAddressTests {
    @Test(arguments: [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"), ("localhost:80/", "http://localhost:80"),
        ("https://f2s.example/prefix//", "https://f2s.example/prefix"), ("[::1]:8080", "http://[::1]:8080"),
        ("HTTP://h", "HTTP://h"),
    ])
    func `an address is normalised`(text: String, expected: String) throws {
        #expect(try ServerAddress(text).text == expected)
    }

    @Test(arguments: [
        "", "http://", "ftp://x", "http://:80", "h:0", "h:99999", "h:x", "a b", "h?x", "u@h", "http:///x",
    ])
    func `a malformed address is rejected`(text: String) {
        #expect(throws: ClientError.malformedServer(text)) { try ServerAddress(text) }
    }
}

struct FunctionTableTests {
    @Test func `a failure condition replaces the reason of Ready`() throws {
        let conditions = """
            {"type":"Ready","status":"False","reason":"Starting","lastTransitionTime":"1970-01-01T00:00:30Z"},
            {"type":"RouteConflict","status":"True","reason":"OlderFunction"}
            """
        let bytes = Array(Sample.function(method: nil, conditions: conditions).utf8)
        let table = FunctionTable([try record(bytes)], now: 60).text
        #expect(
            table == """
                NAME   ENDPOINT  METHOD  READY  REPLICAS  REASON         AGE
                hello  /hello    any     False  1/2       OlderFunction  30s

                """)
    }

    private func record(_ bytes: [UInt8]) throws -> FunctionRecord {
        try JSONDecoder().decode(FunctionRecord.self, from: Data(bytes))
    }
}

struct EventTableTests {
    @Test func `a single event is shown without titles`() {
        let event = Event(time: 90, function: "hello", isWarning: true, reason: "StartFailed", message: "it\nended")
        let table = EventTable([event], now: 100)
        #expect(table.lines() == "10s  Warning  hello     StartFailed  it ended\n")
        #expect(table.text().hasPrefix("AGE"))
    }
}
