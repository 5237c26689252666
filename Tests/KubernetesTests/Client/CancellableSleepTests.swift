import F2SModel
import Testing

@testable import F2SKubernetes

@Suite struct CancellableSleepTests {
    @Test func `a sleep ends when its time is over`() async throws {
        let begun = ContinuousClock.now
        try await CancellableSleep.sleep(for: .milliseconds(20))
        #expect(begun.duration(to: .now) >= .milliseconds(20))
    }

    @Test func `a cancelled task stops sleeping at once`() async throws {
        let waiter = Task { try await CancellableSleep.sleep(for: .seconds(3600)) }
        waiter.cancel()
        await #expect(throws: CancellationError.self) { try await waiter.value }
    }
}
