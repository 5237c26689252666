import Testing

@testable import F2SKubernetes

@Suite struct StampedLineTests {
    private func line(_ second: Int, _ text: String) -> StampedLine {
        StampedLine("2026-11-25T12:00:0\(second).123456789Z \(text)")
    }

    @Test func `a line is parsed into time and text, and a line without a time is all text`() {
        let line = StampedLine("1970-01-01T00:00:02.500000000Z  indented: yes")
        #expect(line.time == 2.5 && line.text == " indented: yes" && line.stamp == "1970-01-01T00:00:02.500000000Z")
        #expect(StampedLine("no time here").text == "no time here" && StampedLine("").text.isEmpty)
    }

    @Test func `logs of several pods are merged by time, and only the newest lines remain`() {
        let logs = [[line(1, "a"), line(4, "b"), line(4, "c")], [line(2, "d"), line(3, "e")], []]
        let merged = StampedLine.merged(logs, tail: 4)
        #expect(merged.map(\.line.text) == ["d", "e", "b", "c"] && merged.map(\.log) == [1, 1, 0, 0])
    }
}
