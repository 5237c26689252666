import Testing

@testable import F2SDispatcher

@Suite struct DateLineTests {
    @Test(arguments: [
        (0.0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777.9, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (1_709_210_096, "Thu, 29 Feb 2024 12:34:56 GMT"),
        (4_102_444_799, "Thu, 31 Dec 2099 23:59:59 GMT"), (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
    ])
    func `a date has the format of RFC 9110`(time: Double, text: String) {
        #expect(String(decoding: DateLine(secondsSince1970: time).line, as: UTF8.self) == "Date: \(text)\r\n")
        var line = DateLine(secondsSince1970: 1)
        line.update(secondsSince1970: time)
        #expect(line.line == DateLine(secondsSince1970: time).line)
    }
}
