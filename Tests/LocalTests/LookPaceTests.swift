import Glibc
import Testing

@testable import F2SLocal

struct LookPaceTests {
    private let pace = LookPace(interval: .milliseconds(500), settlingTime: .milliseconds(100))

    @Test(arguments: [
        (cost: Duration.milliseconds(1), isSettled: true, pause: Duration.milliseconds(500)),
        (.milliseconds(20), true, .milliseconds(1000)), (.seconds(2), true, .seconds(5)),
        (.milliseconds(1), false, .milliseconds(100)), (.milliseconds(20), false, .milliseconds(200)),
        (.seconds(2), false, .seconds(5)),
    ])
    func `what costs much is looked at less often`(cost: Duration, isSettled: Bool, pause: Duration) {
        #expect(pace.pause(after: cost, isSettled: isSettled) == pause)
    }

    @Test func `a look that has waited for the file system does not put off the next one`() {
        let (value, cost) = LookPace.measured { poll(nil, 0, 300) }
        #expect(value == 0)
        #expect(cost < .milliseconds(10))
        #expect(pace.pause(after: cost, isSettled: false) == .milliseconds(100))
        #expect(pace.pause(after: cost, isSettled: true) == .milliseconds(500))
    }
}
