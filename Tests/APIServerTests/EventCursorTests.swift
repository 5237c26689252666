import F2SModel
import Testing

@testable import F2SAPIServer

@Suite struct EventCursorTests {
    @Test(arguments: [(nil, 0), (0, 0), (3, 3), (1_700_000_000_000_000, 1_700_000_000_000_000)] as [(UInt64?, UInt64)])
    func `a stream begins after the last event that the client has received`(seen: UInt64?, start: UInt64) {
        #expect(EventCursor(after: seen).last == start)
    }

    @Test func `each event is one block with its number, and the cursor advances`() {
        var cursor = EventCursor(after: nil)
        let events = [2, 3].map { Event(sequence: $0, time: 0, function: "f", reason: "R", message: "m") }
        #expect(cursor.text(of: events) { "<\($0.sequence)>" } == "id: 2\ndata: <2>\n\nid: 3\ndata: <3>\n\n")
        #expect(cursor.last == 3)
        #expect(cursor.text(of: []) { _ in "" }.isEmpty)
    }
}
