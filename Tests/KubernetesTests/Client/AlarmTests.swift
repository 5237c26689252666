import F2SModel
import Testing

@testable import F2SKubernetes

@Suite struct AlarmTests {
    @Test func `it goes off when the time is over`() async throws {
        let begun = ContinuousClock.now
        try await Alarm.pause(.milliseconds(20))
        #expect(begun.duration(to: .now) >= .milliseconds(20))
    }

    @Test func `who is cancelled waits no longer`() async throws {
        let waiter = Task { try await Alarm.pause(.seconds(3600)) }
        waiter.cancel()
        await #expect(throws: CancellationError.self) { try await waiter.value }
    }
}
