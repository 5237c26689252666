import F2SModel
import Testing

@Suite struct EventJournalTests {
    private func event(_ message: String, at time: Double = 0, sequence: UInt64 = 0) -> Event {
        Event(sequence: sequence, time: time, function: "f", reason: "R", message: message)
    }

    @Test func `a sequence number is the time in microseconds, and grows even if the times do not`() {
        let journal = EventJournal(eventsMax: 10)
        #expect(journal.newestSequence == 0)
        for (message, time) in [("a", 1_700_000_000.5), ("b", 1_700_000_000.5), ("c", 1_600_000_000)] {
            journal.record(event(message, at: time))
        }
        #expect(
            journal.currentEvents(after: 0).map(\.sequence)
                == [1_700_000_000_500_000, 1_700_000_000_500_001, 1_700_000_000_500_002])
        #expect(journal.newestSequence == 1_700_000_000_500_002)
    }

    @Test func `events of another process keep their numbers, are ordered by them and are added only once`() {
        let journal = EventJournal(eventsMax: 10)
        journal.record(event("own", at: 2))
        let others = [event("early", sequence: 1_000_000), event("late", sequence: 3_000_000)]
        journal.emit(others)
        journal.emit(others)
        #expect(journal.currentEvents(after: 0).map(\.message) == ["early", "own", "late"])
        #expect(journal.currentEvents(after: 2_000_000).map(\.message) == ["late"])
        journal.record(event("next", at: 1))
        #expect(journal.currentEvents(after: 3_000_000).map(\.sequence) == [3_000_001])
    }

    @Test func `the journal keeps no more events than its bound`() {
        let journal = EventJournal(eventsMax: 3)
        journal.emit((1...50).map { event("\($0)", sequence: $0) })
        #expect(journal.currentEvents(after: 0).map(\.message) == ["48", "49", "50"])
        for number in 1...20 { journal.record(event("own \(number)", at: Double(number))) }
        #expect(journal.currentEvents(after: 0).map(\.message) == ["own 18", "own 19", "own 20"])
    }
}
