import Testing

@testable import F2SKubernetes

@Suite struct WatchLinesTests {
    private struct Thing: Decodable, Sendable, Equatable { let value: Int }
    private typealias Lines = WatchLines<Thing>

    private func line(_ type: String, _ value: String = "1", at version: String = "5") -> String {
        let metadata = #"{"name":"a","resourceVersion":"\#(version)"}"#
        return #"{"type":"\#(type)","object":{"metadata":\#(metadata),"value":\#(value)}}"# + "\n"
    }

    private func isMalformed(_ error: KubernetesError?) -> Bool {
        if case .malformed = error { true } else { false }
    }

    @Test func `events do not depend on how the bytes are split`() {
        let text = Array((line("ADDED") + "\n" + line("MODIFIED", "2", at: "6") + line("BOOKMARK", at: "9")).utf8)
        let expected: [WatchEvent<Thing>] = [
            .added(Thing(value: 1), at: "5"), .modified(Thing(value: 2), at: "6"), .bookmark(at: "9"),
        ]
        for location in 0...text.count {
            var lines = Lines(lineBytesMax: 1000)
            let events = lines.events(adding: text[..<location]) + lines.events(adding: text[location...])
            #expect(events == expected && lines.end == nil)
        }
        var lines = Lines(lineBytesMax: 1000)
        #expect(text.flatMap { lines.events(adding: [$0]) } == expected)
    }

    @Test func `a line without an end is not an event`() {
        var lines = Lines(lineBytesMax: 1000)
        #expect(lines.events(adding: Array(line("ADDED").dropLast().utf8)).isEmpty)
    }

    @Test func `an error of the server ends the watch after the events before it`() {
        var lines = Lines(lineBytesMax: 1000)
        let error = #"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"old"}}"# + "\n"
        #expect(lines.events(adding: Array((line("ADDED") + error + line("ADDED")).utf8)).count == 1)
        #expect(lines.end?.isGone == true)
        #expect(lines.events(adding: Array(line("ADDED").utf8)).isEmpty, "no event follows the end")
    }

    @Test(arguments: ["{\n", "[]\n", #"{"type":"ADDED","object":{"value":1}}"# + "\n"])
    func `a malformed line ends the watch`(_ text: String) {
        var lines = Lines(lineBytesMax: 1000)
        #expect(lines.events(adding: Array(text.utf8)).isEmpty && isMalformed(lines.end))
    }

    @Test func `an object that cannot be decoded is reported as unreadable unless it was deleted`() {
        var lines = Lines(lineBytesMax: 1000)
        let events = lines.events(adding: Array(line("MODIFIED", "true", at: "7").utf8))
        #expect(events.map(\.resourceVersion) == ["7"] && lines.end == nil)
        if case .unreadable(let why, _)? = events.first {
            #expect(why.hasPrefix("a: "))
        } else {
            Issue.record("the event is not unreadable")
        }
        // The deleted object cannot be identified. A list shows the objects that are left.
        #expect(lines.events(adding: Array(line("DELETED", "true").utf8)).isEmpty && isMalformed(lines.end))
    }

    @Test(arguments: [true, false]) func `a line that is too long ends the watch`(_ hasEnd: Bool) {
        var lines = Lines(lineBytesMax: 100)
        let long = Array(repeating: UInt8(ascii: "x"), count: 101) + (hasEnd ? [UInt8(ascii: "\n")] : [])
        #expect(lines.events(adding: long).isEmpty && isMalformed(lines.end))
    }
}
