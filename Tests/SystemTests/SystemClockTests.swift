import F2SModel
import F2SSystem
import Glibc
import Testing

@Suite struct SystemClockTests {
    @Test func `the monotonic clock never goes back`() {
        var last = SystemClock.monotonicNanoseconds()
        for _ in 0..<10_000 {
            let next = SystemClock.monotonicNanoseconds()
            #expect(next >= last)
            last = next
        }
    }

    @Test func `both forms of the monotonic clock have the same origin`() {
        let before = Duration.nanoseconds(Int64(SystemClock.monotonicNanoseconds()))
        let time = SystemClock.monotonic()
        let after = Duration.nanoseconds(Int64(SystemClock.monotonicNanoseconds()))
        #expect(before <= time && time <= after)
    }

    @Test func `the wall clock is the one of the C library`() {
        let before = Double(time(nil))
        let now = SystemClock.secondsSince1970()
        #expect(now > before - 1 && now < Double(time(nil)) + 1)
    }

    @Test func `the processor time of a thread grows when the thread works`() {
        let before = SystemClock.threadProcessorTime()
        var sum: UInt64 = 0
        while SystemClock.threadProcessorTime() == before { sum &+= 1 }
        #expect(before > .zero && sum < .max)
    }

    @Test func `a moment converts times of the steady clock into times of the wall clock`() {
        let moment = Moment(steady: .seconds(100), wall: 5000)
        #expect(moment.wall(at: .milliseconds(101_500)) == 5001.5)
        #expect(moment.wall(at: .seconds(98)) == 4998)
        let (first, second) = (Moment.now, Moment.now)
        #expect(first.steady <= second.steady)
    }
}
